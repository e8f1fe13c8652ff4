/* SPDX-License-Identifier: MIT */
/* guest.h: what the migration core needs of a virtual machine: the guest-memory seam. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/blob.h"
#include "lib/err.h"
#include "lib/why.h"

/* What a destination must know before the first page (sent in OFFER, in invariant order). */
struct mig_definition {
	char name[32];			/* NUL-terminated */
	uint8_t uuid[16];
	uint64_t memory_bytes;		/* multiple of 2 MiB, mapped at guest-physical 0 */
	uint32_t vcpus;
	uint32_t tsc_khz;		/* of the guest's TSC */
	uint8_t cpu_policy[1024];	/* opaque to the core: hv writes and compares it */
	uint32_t cpu_policy_bytes;
	uint8_t inventory[512];		/* opaque: types and versions of the state records */
	uint32_t inventory_bytes;
	/* only for guest_check of host.h: others may still give up the memory and the place that it needs */
	bool room_later;
};

/* What it is started from. */
struct mig_images {
	char cmdline[2048];		/* NUL-terminated, the rest 0 */
	struct blob *kernel, *initrd;	/* initrd NULL: none */
};

struct mig_guest;

/* Source side first, then destination side; both sides are one object because a VM is both in turn. */
struct mig_guest_ops {
	void (*definition)(struct mig_guest *g, struct mig_definition *out);
	/* Starts dirty tracking (splits leaves, reserves); ERR_NOMEM with a reason. */
	enum err (*track_start)(struct mig_guest *g, struct why *why) NODISCARD;
	/* Ends tracking and merges leaves back; allowed when not tracking. */
	void (*track_stop)(struct mig_guest *g);
	/* True if any page of 2 MiB chunk number @chunk was ever touched (has an EPT leaf). */
	bool (*chunk_present)(struct mig_guest *g, uint64_t chunk);
	/* ORs the pages of @chunk written since the last harvest into @bitmap (bit n = page n), clears them
	 * in hardware and flushes: a page read after this call is newer than its cleared bit. */
	void (*harvest)(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8]);
	/* ORs the same pages into @bitmap and leaves them for the next harvest. */
	void (*peek)(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8]);
	/* Dirty pages now, without clearing; an estimate while the guest runs, exact when stopped. */
	uint64_t (*dirty_pages)(struct mig_guest *g);
	/* The 4096 bytes of page @pfn, NULL if its chunk is not present (known zero). */
	const void *(*page)(struct mig_guest *g, uint64_t pfn);
	/* Lets the running guest make at most @pages_per_s clean pages dirty each second: a vCPU that wants to write
	 * more waits, one that reads does not. 0: as many as it likes. May be NULL where that can't be done. */
	void (*throttle)(struct mig_guest *g, uint64_t pages_per_s);
	/* Stops all vCPUs and quiesces devices; nothing leaves; still resumable. */
	void (*stop)(struct mig_guest *g);
	/* The guest goes on at the source; after prepare() it begins there. */
	void (*resume)(struct mig_guest *g);
	/* Writes the state of a stopped VM (also of a running one, as a dry run that measures). */
	enum err (*state_save)(struct mig_guest *g, void *out, size_t room, size_t *length,
			       struct why *why) NODISCARD;
	/* For a Restart. Asks a running guest to power off, which it may not hear. */
	void (*power_button)(struct mig_guest *g);
	/* True if it powered off, crashed, or was never started: there is nothing to stop. */
	bool (*is_off)(struct mig_guest *g);
	/* Makes the machine as it is at power-on, its first instruction still to come, and leaves it as stop() does;
	 * what still ran is switched off. After an error it is off. */
	enum err (*prepare)(struct mig_guest *g, struct why *why) NODISCARD;
	/* What it is started from at a reset, or (@anew) by prepare(); it goes on using that. False: this host does not
	 * know. May be NULL: never known. */
	bool (*images)(struct mig_guest *g, bool anew, struct mig_images *out);
	/* Frees the source's copy after RUNNING. */
	void (*release)(struct mig_guest *g);

	/* Destination: writable 4096 bytes for @pfn, made present if need be; NULL without memory. */
	void *(*page_for_load)(struct mig_guest *g, uint64_t pfn);
	/* Keeps what it is to be started from, with uses of its own. May be NULL: it can do without. */
	void (*images_set)(struct mig_guest *g, const struct mig_images *in);
	/* Parses and checks all of a state image without effect. */
	enum err (*state_check)(struct mig_guest *g, const void *in, size_t length,
				struct why *why) NODISCARD;
	/* Loads an image that state_check accepted; can't fail. */
	void (*state_load)(struct mig_guest *g, const void *in, size_t length);
	/* Runs the loaded guest. Guest time was stopped for @stopped_ns before this call. */
	void (*run)(struct mig_guest *g, uint64_t stopped_ns);
	/* Throws a guest that never ran away; also one at the source that was off before prepare(). */
	void (*discard)(struct mig_guest *g);
};

struct mig_guest { const struct mig_guest_ops *ops; };
