/* SPDX-License-Identifier: MIT */
#include "prov_job.h"
#include "host/manage.h"
#include "job_error.h"

bool job_object(uint32_t id, struct obj *out)
{
	for (unsigned i = 0; i < manage_job_count(); i++)
		if (manage_job_get(i)->id == id) {
			*out = (struct obj){ &provider_job, i };
			return true;
		}
	return false;
}

/* One row for each array of round figures. */
static void rounds(const struct mig_job *j, struct inst *out)
{
	static const struct { const char *name; uint16_t offset, divisor; } row[] = {
		{ "RoundStartMicroseconds", offsetof(struct mig_job_round, start_ns), 1000 },
		{ "RoundEndMicroseconds", offsetof(struct mig_job_round, end_ns), 1000 },
		{ "RoundPages", offsetof(struct mig_job_round, pages), 1 },
		{ "RoundZeroPages", offsetof(struct mig_job_round, zero_pages), 1 },
		{ "RoundBytes", offsetof(struct mig_job_round, bytes), 1 },
		{ "RoundDirtyPages", offsetof(struct mig_job_round, dirty_pages), 1 },
	};
	const struct mig_job_round *round;

	inst_num(out, "Rounds", j->rounds < MIG_JOB_ROUNDS ? j->rounds : MIG_JOB_ROUNDS);
	for (unsigned r = 0; r < sizeof(row) / sizeof(row[0]); r++) {
		inst_array(out, row[r].name);
		for (uint32_t n = 0; (round = mig_job_row(j, n)); n++) {
			const void *at = (const char *)round + row[r].offset;

			inst_item_num(out, *(const uint64_t *)at / row[r].divisor);
		}
	}
}

static void downtime(const struct mig_job *j, struct inst *out)
{
	uint32_t n;

	inst_num(out, "ExpectedDowntimeMicroseconds", j->expected_downtime_ns / 1000);
	inst_num(out, "DowntimeMicroseconds", j->downtime_ns / 1000);
	inst_array(out, "DowntimeTermNames");
	for (n = 0; n < j->terms; n++)
		inst_item_str(out, j->term[n].name ? j->term[n].name : "");
	inst_array(out, "DowntimeTermBudget");
	for (n = 0; n < j->terms; n++)
		inst_item_num(out, j->term[n].budget_ns / 1000);
	inst_array(out, "DowntimeTermReal");
	for (n = 0; n < j->terms; n++)
		inst_item_num(out, j->term[n].real_ns / 1000);
}

/* Wall-clock time when monotonic time was 0. The clock tells whole seconds only: kept once found, or the times of a
 * job would move to and fro by a second from one look to the next. */
static uint64_t wall_base_us(void)
{
	static uint64_t base;
	uint64_t fresh = manage_wall_seconds() * 1000000 - manage_now_ns() / 1000;

	if (fresh - base + 2000000 > 4000000)
		base = fresh;
	return base;
}

/* 0 means "not yet" and stays NULL. */
static void when(struct inst *out, const char *name, uint64_t at_ns)
{
	if (at_ns)
		inst_time(out, name, wall_base_us() + at_ns / 1000);
}

static void times(const struct mig_job *j, struct inst *out)
{
	uint64_t end = j->ended_ns ? j->ended_ns : manage_now_ns();
	uint64_t elapsed = j->started_ns && end > j->started_ns ? end - j->started_ns : 0;

	when(out, "TimeSubmitted", j->submitted_ns);
	when(out, "StartTime", j->started_ns);
	when(out, "TimeOfLastStateChange", j->changed_ns);
	inst_interval(out, "ElapsedTime", elapsed);
	inst_num(out, "ElapsedMicroseconds", elapsed / 1000);
	inst_interval(out, "TimeBeforeRemoval", 300000000000ull);
}

static void state(const struct mig_job *j, struct inst *out)
{
	static const uint8_t job_state[] = {	/* values of JobState */
		[MIG_JOB_NEW] = 2, [MIG_JOB_ACTIVE] = 4, [MIG_JOB_COMPLETED] = 7, [MIG_JOB_CANCELLED] = 8,
		[MIG_JOB_FAILED] = 10,
	};
	bool failed = j->state == MIG_JOB_FAILED, done = j->state == MIG_JOB_COMPLETED;
	bool cancelled = j->state == MIG_JOB_CANCELLED;
	const struct job_error *e = job_error(j);
	struct why link;

	inst_num(out, "JobState", job_state[j->state]);
	inst_str(out, "JobStatus", mig_job_link(j, manage_now_ns(), &link) ? link.text : mig_job_place(j));
	inst_str(out, "Phase", mig_job_place(j));
	inst_num(out, "PercentComplete", j->percent);
	/* What ended as an operator wished is no error. */
	inst_num(out, "ErrorCode", failed ? e->number : 0);
	if (mig_job_reason(j)[0])
		inst_str(out, "ErrorDescription", mig_job_reason(j));
	/* Clients written for libvirt-cim compare the deprecated Status with "Completed". */
	inst_str(out, "Status", done ? "Completed" : failed ? "Error" : cancelled ? "Stopped" : "OK");
	inst_array(out, "OperationalStatus");
	inst_item_num(out, failed ? 6 : cancelled ? 10 : 2);
	if (done)
		inst_item_num(out, 17);
	inst_num(out, "HealthState", failed ? 20 : 5);
}

/* From where to where: this host is one end. */
static void ends(const struct mig_job *j, const struct manage_host *self, struct inst *out)
{
	inst_ipv4(out, j->incoming ? "SourceHost" : "DestinationHost", j->peer_ipv4);
	inst_str(out, j->incoming ? "SourceName" : "DestinationName", j->peer_name);
	inst_ipv4(out, j->incoming ? "DestinationHost" : "SourceHost", self->ipv4);
	inst_str(out, j->incoming ? "DestinationName" : "SourceName", self->name);
}

static bool job_get(unsigned index, struct inst *out)
{
	const struct mig_job *j = manage_job_get(index);
	struct manage_host h;

	if (!j)
		return false;
	manage_host_get(&h);
	inst_fmt(out, "InstanceID", "Tern:%s/%u", h.boot_id, j->id);
	if (out->keys_only)
		return true;
	inst_fmt(out, "Name", "Migration %u of %s", j->id, j->vm);
	inst_fmt(out, "ElementName", "Migration %u of %s", j->id, j->vm);
	state(j, out);
	times(j, out);
	inst_bool(out, "DeleteOnCompletion", true);
	inst_num(out, "JobRunTimes", 1);
	inst_str(out, "VirtualSystemName", j->vm);
	inst_uuid(out, "VirtualSystemUUID", j->vm_uuid);
	ends(j, &h, out);
	inst_bool(out, "Incoming", j->incoming);
	inst_num(out, "MigrationType", j->type);
	rounds(j, out);
	inst_num(out, "LinkReconnects", j->reconnects);
	inst_num(out, "BytesSent", j->bytes_sent);
	inst_num(out, "BytesLeft", j->bytes_left);
	inst_num(out, "PagesSent", j->pages_sent);
	inst_num(out, "NonZeroBytes", j->nonzero_bytes);
	inst_num(out, "BytesPerSecond", j->rate_bytes);
	inst_num(out, "DirtyPagesPerSecond", j->dirty_rate_pages);
	downtime(j, out);
	if (j->verified) {
		inst_fmt(out, "MemoryHashSource", "%016llx", (unsigned long long)j->hash_source);
		inst_fmt(out, "MemoryHashDestination", "%016llx", (unsigned long long)j->hash_destination);
	}
	return true;
}

const struct provider provider_job = {
	.class = &Tern_MigrationJob, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = manage_job_count, .get = job_get,
};
