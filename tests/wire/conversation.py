# SPDX-License-Identifier: MIT
"""Sections 2, 3, 5 and 6 of docs/wire/protocol.md: what both directions of one connection say to each other."""
import struct

from definition import CAPABILITY_DEFINITION, Definition
from memory import Image, Memory, image_records
from records import records, text
from refused import Refused
from sums import xxh64

MAGIC = int.from_bytes(b"TERNMIG1", "little")
VERSION = 1
MEMORY_UNIT = 2 << 20
MIGRATE, CHECK, SETTLE, RESUME, INQUIRE, LOCATE = 1, 2, 3, 4, 5, 6
VERDICTS = ("open", "committed", "never")
LOCATED = ("not here", "runs", "stopped", "moving", "moved", "first", "released", "refused")
CAPABILITY_RECORDS_KEPT, CAPABILITY_RESUME, CAPABILITY_RECORDS_FOUND = 1 << 1, 1 << 4, 1 << 5
CAPABILITY_DIGEST_CRC, CAPABILITY_PROOF, CAPABILITY_ASK_BACK = 1 << 6, 1 << 7, 1 << 10
FLAG_CHECK, FLAG_VERIFY = 1, 2
MOVE_TYPES = {2: "live", 3: "resume", 4: "restart"}
PURPOSES = {MIGRATE: "migrate", CHECK: "check", SETTLE: "settle", RESUME: "resume", INQUIRE: "inquire", LOCATE: "locate"}


class Finished(Exception):
    """Nothing may follow on this connection."""


class Conversation:
    """Reads what the source sent, and after each of its records the answer that must be there. Without @destination
    answers are taken for granted. With @claims False the sums that the peers claim are not compared. @before: the
    conversation of the same attempt that was cut, which this one resumes."""

    def __init__(self, source, destination=None, claims=True, before=None):
        self.before, self.pages, self.answered = before, [], 0
        self.source, self.claims = records(source, "S"), claims
        self.answers = records(destination, "D") if destination is not None else None
        self.spoken = {"S": [], "D": []}
        self.wait, self.outcome, self.why = "HELLO", None, None
        self.purpose = self.memory = self.offer = self.image = self.attempt = self.version = None
        self.hosts, self.rounds, self.summed, self.state, self.downtime_ns = {}, [], [], None, None
        self.round, self.data_pages, self.zero_pages, self.stopped, self.state_limit = 1, 0, 0, False, 1 << 32
        self.digest = self.memory_hash = self.definition = None

    # --- the order of things --------------------------------------------------------------------------

    def run(self):
        try:
            for record in self.source:
                self.hear(record, "S")
                if record.name == "HEARTBEAT" and self.wait != "HELLO":
                    continue
                if record.name == "ABORT" and self.wait != "HELLO":
                    self.on_abort(record)
                    continue
                handler = self.STEPS.get((self.wait, record.name))
                if not handler:
                    raise Refused("order", "%s may not come here, %s must" % (record.name, self.wait))
                handler(self, record)
        except Finished:
            self.nothing_more()
            return self
        if not self.outcome:
            self.given_up()
        self.nothing_more()
        return self

    def run_until_cut(self):
        """For a connection that another one resumes: its end may be missing."""
        try:
            self.run()
        except Refused as e:
            if e.rule != "cut" or self.wait not in (self.ROUNDS, "COMMIT"):
                raise
        if self.outcome:
            raise Refused("order", "what has ended (%s) is not resumed" % self.outcome)
        return self

    def given_up(self):
        """The source's part has ended early; that is no cut if D said ABORT."""
        for record in self.answers or ():
            if record.name == "HEARTBEAT":
                continue
            if record.name != "ABORT":
                break
            self.hear(record, "D")
            self.outcome, self.why = "aborted", "by D: " + text(record.fields()["text"])
            return
        raise Refused("cut", "the recording ends where %s must come" % self.wait)

    def nothing_more(self):
        """Records that crossed what ended the connection are still whole records, and only D's answer to an
        ABORT, or one of its own, may be left."""
        for record in self.source:
            if self.outcome not in ("aborted", "rejected"):
                raise Refused("order", "%s comes after the end" % record.name)
        for record in self.answers or ():
            if record.name != "HEARTBEAT" and (self.outcome != "aborted" or record.name not in ("ANSWER", "ABORT")):
                raise Refused("order", "%s comes after the end" % record.name)

    def hear(self, record, sender):
        self.spoken[sender].append(record)
        self.attempt = self.attempt or record.header[5]
        if record.header[5] != self.attempt:
            raise Refused("attempt", "%s's %s has another attempt's id" % (sender, record.name))

    def answer(self, *allowed):
        """D's next record; None when only one direction was recorded."""
        for record in self.answers or ():
            self.hear(record, "D")
            if record.name == "HEARTBEAT" and "D" in self.hosts:
                continue
            if record.name == "WANT" and self.definition:
                self.definition.want(record.fields())
                if "WANT" in allowed:
                    return record
                continue
            if record.name == "ABORT":
                self.finish("aborted", "by D: " + text(record.fields()["text"]))
            if record.name == "REJECT" and record.name in allowed:
                self.on_reject(record)
            if record.name not in allowed:
                raise Refused("order", "D answers %s where %s must come" % (record.name, " or ".join(allowed)))
            return record
        if self.answers is not None:
            raise Refused("cut", "D's answer %s is missing" % " or ".join(allowed))
        return None

    def finish(self, outcome, why):
        self.outcome, self.why = outcome, why
        raise Finished

    # --- HELLO and OFFER ------------------------------------------------------------------------------

    def hello(self, record, sender):
        fields = record.fields()
        if fields["magic"] != MAGIC:
            raise Refused("hello", "%s's HELLO is not Tern's" % sender)
        if fields["version_min"] > fields["version_max"] or fields["purpose"] not in PURPOSES:
            raise Refused("hello", "%s's HELLO: versions %d to %d, purpose %d" %
                          (sender, fields["version_min"], fields["version_max"], fields["purpose"]))
        self.hosts[sender] = fields
        return fields

    def on_hello(self, record):
        mine = self.hello(record, "S")
        self.purpose = mine["purpose"]
        answer = self.answer("HELLO", "REJECT")
        lowest, highest = mine["version_min"], mine["version_max"]
        if answer:
            theirs = self.hello(answer, "D")
            if theirs["purpose"] != self.purpose:
                raise Refused("hello", "D's HELLO has purpose %d, S's %d" % (theirs["purpose"], self.purpose))
            if theirs["boot_id"] == mine["boot_id"]:
                raise Refused("hello", "both HELLOs have the same boot id")
            lowest, highest = max(lowest, theirs["version_min"]), min(highest, theirs["version_max"])
        if lowest > highest or answer and highest != VERSION or not lowest <= VERSION <= highest:
            raise Refused("version", "the peers speak version %d, with %d for the oldest; this reader knows %d" %
                          (highest, lowest, VERSION))
        self.version = VERSION
        if self.purpose == RESUME:
            self.same_peers()
            return
        if self.purpose == INQUIRE:
            self.asked_back()
        self.wait = {SETTLE: "a question", LOCATE: "LOCATE"}.get(self.purpose, "OFFER")
        self.outcome = "settled" if self.purpose == SETTLE else None

    def asked_back(self):
        """The attempt's D opened this connection. What it says, and is told, are the words of the attempt's first HELLO."""
        words = None
        if self.before:
            words = self.before.hosts["S"].get("back", bytes(32))
            if self.attempt != self.before.attempt or not self.before.both() & CAPABILITY_ASK_BACK or not any(words) or \
                    self.hosts["S"].get("proof") != words[:16]:
                raise Refused("hello", "D may not ask back, or not with these words")
        verdict = self.answer("VERDICT")
        if not verdict:
            self.finish("asked", None)
        fields = verdict.fields()
        outcome = VERDICTS[fields["state"]]
        if outcome == "never" and words and fields["word"] != words[16:]:
            raise Refused("answer", "VERDICT says never without the attempt's word")
        if outcome != "never" and any(fields["word"]):
            raise Refused("answer", "VERDICT gives the word away with %s" % outcome)
        self.finish(outcome, text(fields["text"]))

    def same_peers(self):
        """The HELLOs of a resuming connection are those of the first but for their purpose."""
        if not self.before or self.attempt != self.before.attempt or self.before.stopped:
            raise Refused("hello", "S resumes an attempt that is not known, or is past STOP")
        for side, host in self.hosts.items():
            first = self.before.hosts.get(side, host)
            # RECORDS_KEPT may come and go, and RECORDS_FOUND with it.
            if any(first[name] != host[name] for name in host if name not in ("purpose", "capabilities", "proof", "back")) or \
                    (first["capabilities"] ^ host["capabilities"]) & ~(CAPABILITY_RECORDS_KEPT | CAPABILITY_RECORDS_FOUND):
                raise Refused("hello", "%s's HELLO differs from its first one" % side)
            other = self.before.hosts["D" if side == "S" else "S"]
            if self.before.both() & CAPABILITY_PROOF and host.get("proof") != other.get("proof"):
                raise Refused("hello", "%s's HELLO does not say what the other's first one said" % side)
            if not host["capabilities"] & CAPABILITY_RESUME:
                raise Refused("hello", "%s does not resume" % side)
        self.wait = "RESUME"

    def on_resume(self, record):
        """What D says that it has loaded is what counts of the connections before."""
        before, number = self.before, record.fields()["round"]
        if number not in (before.round, before.round + 1):
            raise Refused("round", "RESUME begins round %d after round %d" % (number, before.round))
        resumed = self.answer("RESUMED")
        loaded = resumed.fields()["records"] if resumed else len(before.pages)
        if not before.answered <= loaded <= len(before.pages):
            raise Refused("answer", "RESUMED counts %d PAGES, %d were sent and %d answered" %
                          (loaded, len(before.pages), before.answered))
        self.offer, self.state_limit, self.rounds = before.offer, before.state_limit, list(before.rounds)
        self.memory = Memory(self.offer["memory_bytes"], self.both())
        for self.round, body in before.pages[:loaded]:
            self.memory.load(body, self.round)
        self.pages, self.answered, self.round, self.wait = before.pages[:loaded], loaded, number, self.ROUNDS
        self.sum_up(record)
        if resumed:
            self.sum_up(resumed)

    def both(self):
        """The capabilities in force."""
        both = -1
        for host in self.hosts.values():
            both &= host["capabilities"]
        return both

    def on_reject(self, record):
        fields = record.fields()
        reasons = [text(fields["text"][n * 200:n * 200 + 200]) for n in range(fields["count"])]
        self.finish("rejected", "; ".join(reasons))

    def on_offer(self, record):
        offer = record.fields()
        if not offer["memory_bytes"] or offer["memory_bytes"] % MEMORY_UNIT:
            raise Refused("offer", "guest memory of %d bytes" % offer["memory_bytes"])
        if not offer["vcpus"] or offer["name"].find(b"\0") < 1:
            raise Refused("offer", "no vCPU, or no name with its end")
        if bool(offer["flags"] & FLAG_CHECK) != (self.purpose == CHECK):
            raise Refused("offer", "flags %d do not agree with purpose %d" % (offer["flags"], self.purpose))
        self.offer = offer
        accept = self.answer("ACCEPT", "REJECT")
        if accept:
            self.state_limit = accept.fields()["state_bytes"]
        if self.purpose == CHECK:
            self.finish("accepted", None)
        self.memory = Memory(offer["memory_bytes"], self.both())
        self.wait = self.ROUNDS

    # --- rounds and state -----------------------------------------------------------------------------

    def sum_up(self, record):
        by_crc = record.name == "PAGES" and self.both() & CAPABILITY_DIGEST_CRC
        body = struct.pack("<I", record.crc) if by_crc else record.body
        self.summed.append(struct.pack("<HI", record.type, len(record.body)) + body)

    def on_pages(self, record):
        data_pages, zero_pages = self.memory.load(record.body, self.round)
        self.pages.append((self.round, record.body))
        self.data_pages += data_pages
        self.zero_pages += zero_pages
        self.sum_up(record)

    def on_definition(self, record):
        if self.definition or self.stopped or not self.both() & CAPABILITY_DEFINITION:
            raise Refused("order", "DEFINITION may not come here")
        self.definition = Definition(record.fields(), self.offer["memory_bytes"])

    def on_blob(self, record):
        if not self.definition or self.stopped:
            raise Refused("order", "BLOB may not come here")
        if self.definition.start is None and self.answers is not None:
            self.answer("WANT")
        self.definition.blob(record.body, self.answers is not None)

    def on_round_end(self, record):
        end = record.fields()
        told = (end["round"], end["raw_pages"], end["zero_pages"], bool(end["final"]))
        if told != (self.round, self.data_pages, self.zero_pages, self.stopped):
            raise Refused("round", "ROUND_END tells %s, seen were %s" %
                          (told, (self.round, self.data_pages, self.zero_pages, self.stopped)))
        self.sum_up(record)
        self.rounds.append({"round": self.round, "data_pages": self.data_pages, "zero_pages": self.zero_pages})
        ack = self.answer("ROUND_ACK")
        self.answered = len(self.pages)
        if ack and ack.fields()["round"] != self.round:
            raise Refused("round", "ROUND_ACK of round %d for %d" % (ack.fields()["round"], self.round))
        if self.stopped:
            self.wait = "STATE"
        else:
            self.round, self.data_pages, self.zero_pages = self.round + 1, 0, 0

    def on_stop(self, record):
        if self.stopped or record.fields()["round"] != self.round or self.data_pages or self.zero_pages:
            raise Refused("round", "STOP comes twice, in the middle of a round or for another than %d" % self.round)
        self.stopped = True
        self.sum_up(record)

    def on_state(self, record):
        self.image = self.image or Image(self.state_limit)
        whole = self.image.add(record.body)
        dry = bool(self.image.flags)
        if dry and self.stopped or not dry and self.wait != "STATE":
            raise Refused("order", "STATE (%s) may not come here" % ("dry run" if dry else "final"))
        self.sum_up(record)
        if not whole:
            return
        image, self.image = self.image, None
        if dry:
            self.on_dry_run(image)
        else:
            self.on_loaded(image)

    def on_dry_run(self, image):
        report = self.answer("STATE_REPORT")
        if not report or report.fields()["ok"]:
            try:
                image_records(image.data)
            except Refused as e:
                raise Refused("answer", "D reports that it could load this dry run: %s" % e) from e
        else:
            self.wait = "ABORT, since D can't load the state: " + text(report.fields()["text"])

    def on_loaded(self, image):
        self.state = {"bytes": image.total, "records": image_records(image.data)}
        self.digest, self.memory_hash = xxh64(b"".join(self.summed)), self.memory.hash()
        ready = self.answer("READY")
        if ready:
            fields = ready.fields()
            if bool(fields["verified"]) != bool(self.offer["flags"] & FLAG_VERIFY):
                raise Refused("answer", "READY and OFFER do not agree about the memory hash")
            self.same("digest", "READY", fields["digest"], self.digest)
            if fields["verified"]:
                self.same("hash", "READY", fields["memory_hash"], self.memory_hash)
        if self.definition and self.answers is not None and not self.definition.over:
            raise Refused("definition", "S stops the guest before D has what it is started from")
        self.wait = "COMMIT"

    def same(self, rule, name, claimed, own):
        if self.claims and claimed != own:
            raise Refused(rule, "%s's %s is %016x, the recording's %016x" % (name, rule, claimed, own))

    # --- the hand-off ---------------------------------------------------------------------------------

    def on_commit(self, record):
        commit = record.fields()
        self.same("digest", "COMMIT", commit["digest"], self.digest)
        self.downtime_ns = commit["stopped_ns"]
        running = self.answer("RUNNING")
        if running:
            self.downtime_ns += running.fields()["resume_ns"]
        self.wait = "DONE"

    def on_done(self, _record):
        answer = self.answer("ANSWER")
        if answer and answer.fields()["state"]:
            raise Refused("answer", "D answers DONE with PREPARED")
        self.finish("moved", None)

    def on_query(self, record):
        record.fields()
        answer = self.answer("ANSWER" if self.wait == "COMMIT" else "RUNNING")
        if answer and self.wait == "COMMIT" and not answer.fields()["state"]:
            raise Refused("answer", "D has forgotten an attempt for which it sent READY")

    def on_abort(self, record):
        self.why = "by S: " + text(record.fields()["text"])
        if self.wait == "DONE":
            self.answer("RUNNING")
            return
        if self.purpose == SETTLE:
            self.on_question(record)
            return
        if self.wait == "COMMIT" and self.answers is not None:
            self.answer("REFUSED")
        self.finish("aborted", self.why)

    def on_question(self, record):
        """A settling connection: only D's record tells which of these answers is the right one."""
        if record.name != "DONE":
            record.fields()
        allowed = {"QUERY": ("ANSWER", "RUNNING", "REFUSED"), "DONE": ("ANSWER",)}
        answer = self.answer(*allowed.get(record.name, ("RUNNING", "REFUSED", "ANSWER")))
        if answer:
            fields = answer.fields()
            if record.name != "QUERY" and fields.get("state"):
                raise Refused("answer", "D answers %s with PREPARED" % record.name)

    def on_locate(self, record):
        """Section 8: one question, one answer."""
        asked = record.fields()
        answer = self.answer("LOCATED")
        if not answer:
            self.finish("asked", None)
        said = answer.fields()
        claim, state = bool(asked["flags"]), LOCATED[said["state"]]
        if state in (("not here", "stopped", "first") if claim else ("released",)):
            raise Refused("located", "%s is no answer to %s" % (state, "a claim" if claim else "a question"))
        if state == "released" and said["given"] != asked["given"] + 1:
            raise Refused("located", "given back %d times after a claim of %d" % (said["given"], asked["given"]))
        if not claim and (any(said["proof"]) or any(said["own_proof"]) or any(said["peer_proof"]) or any(said["attempt"])):
            raise Refused("located", "secrets for who only asks")
        self.finish(state, text(said["text"]))

    ROUNDS = "PAGES, ROUND_END, STATE or STOP"
    STEPS = {
        ("HELLO", "HELLO"): on_hello, ("OFFER", "OFFER"): on_offer, ("RESUME", "RESUME"): on_resume,
        (ROUNDS, "DEFINITION"): on_definition, (ROUNDS, "BLOB"): on_blob,
        (ROUNDS, "PAGES"): on_pages, (ROUNDS, "ROUND_END"): on_round_end, (ROUNDS, "STOP"): on_stop,
        (ROUNDS, "STATE"): on_state, ("STATE", "STATE"): on_state,
        ("COMMIT", "COMMIT"): on_commit, ("COMMIT", "QUERY"): on_query,
        ("DONE", "COMMIT"): on_commit, ("DONE", "QUERY"): on_query, ("DONE", "DONE"): on_done,
        ("a question", "QUERY"): on_question, ("a question", "COMMIT"): on_question,
        ("a question", "DONE"): on_question, ("LOCATE", "LOCATE"): on_locate,
    }

    # --- what there is to tell ------------------------------------------------------------------------

    def summary(self):
        out = {"outcome": self.outcome, "why": self.why, "version": self.version,
               "purpose": PURPOSES.get(self.purpose), "attempt": self.attempt.hex() if self.attempt else None,
               "hosts": {side: text(h["name"]) for side, h in self.hosts.items()},
               "records": {side: count(spoken) for side, spoken in self.spoken.items()}}
        if self.offer:
            out["guest"] = {"name": text(self.offer["name"]), "memory_bytes": self.offer["memory_bytes"],
                            "vcpus": self.offer["vcpus"], "tsc_khz": self.offer["tsc_khz"]}
            if self.offer.get("move_type") in MOVE_TYPES:
                out["guest"]["moves"] = MOVE_TYPES[self.offer["move_type"]]
        if self.definition:
            out["definition"] = {"cmdline": text(self.definition.cmdline), "bytes": self.definition.bytes,
                                 "sent": [len(c) for c in self.definition.content]}
        if self.memory:
            out.update(rounds=self.rounds, pages_sent=self.memory.sent, nonzero_pages=len(self.memory.content))
        if self.digest is not None:
            out.update(state=self.state, digest="%016x" % self.digest, memory_hash="%016x" % self.memory_hash,
                       downtime_ns=self.downtime_ns)
        return out


def count(spoken):
    counts = {}
    for record in spoken:
        counts[record.name] = counts.get(record.name, 0) + 1
    return counts
