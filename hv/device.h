/* SPDX-License-Identifier: MIT */
/* device.h: a device of the machine as one row, and the table of the rows, which every loop over devices walks. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/state.h"
#include "lib/why.h"

struct machine;
struct machine_config;
struct acpi_parts;

/* What an access may bring about beside what machine_irq announces. */
enum device_changes { CHANGES_NOTHING, CHANGES_EVENTS, CHANGES_TIMERS };

/* Ports @first to @last. What is wider than @width, not aligned or leaves them comes byte by byte.
 * No @in: reads float. No @out: writes vanish. */
struct device_ports {
	uint16_t first, last;
	uint8_t width;
	uint8_t changes;		/* enum device_changes */
	uint32_t (*in)(struct machine *m, uint16_t port, unsigned size);
	void (*out)(struct machine *m, uint16_t port, unsigned size, uint32_t value);
};
#define DEVICE_PORTS(array) .ports = array, .port_ranges = sizeof(array) / sizeof(array[0])

struct device_mmio {
	uint64_t gpa, bytes;
	void (*access)(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write,
		       uint64_t *value);
};

/*
 * What a device doesn't have is NULL or 0. A machine may have several of a kind, or none, by its configuration: the
 * functions see the machine and do what they do for each.
 */
struct device {
	/* Its state: @records of @desc, @stride bytes apart, the first at @at of struct machine. At most 16. */
	const struct state_desc *desc;
	uint32_t at, stride;
	unsigned records;
	unsigned (*count)(const struct machine *m);	/* in place of @records, where it depends on the machine */
	/* Refuses, without effect, what this machine can't hold although the rows of the state's table allow it:
	 * ERR_RANGE, or ERR_UNSUPPORTED for what its configuration rules out. */
	enum err (*check)(const struct machine *m, const void *record, unsigned instance, struct why *why) NODISCARD;
	void (*loaded)(struct machine *m);	/* all are loaded: rebuilds what is not in the records */

	/* What a reset keeps; all is zero before. */
	void (*init)(struct machine *m, const struct machine_config *config);
	void (*reset)(struct machine *m);
	/* The vCPUs stand: begins nothing anew outside of the machine, and ends what is under way there. False: that
	 * takes time, it is to be asked again. When the guest goes on, here or elsewhere, its state is all there is. */
	bool (*quiesce)(struct machine *m);
	/* When it next does something by itself, in guest time, and does it. Both take any state that passed @check. */
	uint64_t (*deadline_ns)(const struct machine *m);
	void (*poll)(struct machine *m, uint64_t now_ns);

	const struct device_ports *ports;
	unsigned port_ranges;
	const struct device_mmio *mmio;
	/* Adds what it has in FADT and MADT. The DSDT is one source, hv/acpi/dsdt.asl: AML is compiled. */
	void (*acpi)(struct acpi_parts *a);
};

/* In the order in which their records are saved; NULL ends it. */
extern const struct device *const devices[];
