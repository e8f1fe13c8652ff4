/* SPDX-License-Identifier: MIT */
/* machine.h: the chips around a VM's vCPUs: interrupts, time, ports, MMIO, console and their state. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hv/dev/console.h"
#include "hv/dev/ioapic.h"
#include "hv/dev/lapic.h"
#include "hv/dev/pci.h"
#include "hv/dev/pic.h"
#include "hv/dev/pit.h"
#include "hv/dev/pm.h"
#include "hv/dev/rtc.h"
#include "hv/dev/uart.h"
#include "lib/err.h"
#include "lib/state.h"
#include "lib/why.h"

#define MACHINE_MAX_VCPUS	8u

/* What the memory map of a guest must leave free. */
#define MACHINE_PCI_HOLE	0xC0000000ull	/* RAM below ends here at the latest; MMIO up to 4 GiB */
#define MACHINE_ACPI_GPA	0x000E0000ull	/* ACPI tables: reserved in the e820 map */
#define MACHINE_ACPI_BYTES	0x00020000ull

/* Global system interrupts. ISA interrupt 0 arrives at I/O APIC pin 2, the others at their own number. */
enum machine_gsi { GSI_PIT = 2, GSI_UART = 4, GSI_RTC = 8, GSI_SCI = 9 };

enum machine_request { MACHINE_RUN, MACHINE_POWER_OFF, MACHINE_RESET };

/* What a machine is made of. */
struct machine_config {
	unsigned vcpus;			/* 1 to MACHINE_MAX_VCPUS */
	uint64_t tsc_khz;
	bool x2apic;
	uint64_t wall_seconds;		/* since 1970 UTC: what the RTC begins at */
};

#define MACHINE_PORT_RANGES	32u

/* The ranges of ports of its devices by rising addresses: a port is in the first that doesn't end before it, if in any.
 * Of each 256 ports @from has the first range that doesn't end before them. */
struct machine_ports {
	uint8_t from[256];
	uint16_t last[MACHINE_PORT_RANGES + 1];		/* of the entry behind them: 0xFFFF */
	const struct device_ports *range[MACHINE_PORT_RANGES + 1];	/* NULL there */
};

/*
 * Calls on one machine are serialised by the caller. Nothing here blocks or allocates; it runs on the exit path.
 * All times are guest ns since the VM's boot, kept absolute.
 */
struct machine {
	unsigned vcpus;			/* APIC id = vCPU number */
	uint64_t tsc_khz;		/* of the guest's TSC and of the local APIC timers' bus clock */
	bool x2apic;			/* the CPU policy shows x2APIC */
	enum machine_request request;	/* set by the guest, cleared by whoever serves it */
	const char *request_reason;	/* a phrase, valid while @request is set; "" before */
	uint8_t post_code;		/* last byte written to port 0x80 */
	uint32_t changes;		/* moves with all that may bring about an event to be taken */
	uint32_t timer_changes;		/* moves with all that may bring machine_deadline_ns nearer */

	struct lapic lapic[MACHINE_MAX_VCPUS];
	struct ioapic ioapic;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct uart uart;
	struct pm pm;
	struct pci pci;
	struct console console;

	struct machine_ports ports;
};

/* --- given at link time by the VM code (tests/fake/fake_machine.c in tests) ----------------------- */

/* Guest time: monotonic, stands still while the VM is stopped. */
uint64_t machine_time_ns(const struct machine *m);
uint64_t machine_guest_tsc(const struct machine *m);
/* @vcpu may have something to take (interrupt, NMI, INIT, SIPI): wake it, or make it look before it enters. */
void machine_kick(struct machine *m, unsigned vcpu);

/* --- life ------------------------------------------------------------------------------------------ */

/* Everything at power-on. Overwrites all of *m; machine_time_ns(m) and machine_kick(m, 0) must work already. */
void machine_init(struct machine *m, const struct machine_config *config);
/* Hardware reset: as machine_init, but the clock, CMOS and console keep what they have. Clears the request. */
void machine_reset(struct machine *m);
/* The vCPUs stand, and what devices have under way outside of the machine is to end before its state goes elsewhere.
 * True: nothing is under way any more. False: that takes time; ask again. */
bool machine_quiesce(struct machine *m);
/* For chips: the guest asks for power off or reset; the first request stands. */
void machine_request(struct machine *m, enum machine_request request, const char *reason);
void machine_power_button(struct machine *m);

/* --- interrupts ------------------------------------------------------------------------------------ */

/* Sets the level of an interrupt line, at the I/O APIC and, for ISA interrupts, at the 8259. */
void machine_irq(struct machine *m, unsigned gsi, bool level);
/* The vector that @vcpu would take now if RFLAGS.IF and its shadows allow: the local APIC's highest above PPR,
 * else the 8259's through LINT0, else -1. No side effect. */
int machine_intr_pending(struct machine *m, unsigned vcpu);
/* @vcpu takes @vector, which machine_intr_pending has just given. */
void machine_intr_accept(struct machine *m, unsigned vcpu, int vector);
bool machine_nmi_pending(const struct machine *m, unsigned vcpu);
void machine_nmi_accept(struct machine *m, unsigned vcpu);

/* --- time ------------------------------------------------------------------------------------------ */

/* Guest time at which machine_poll next has something to do; UINT64_MAX: never. May be in the past. */
uint64_t machine_deadline_ns(const struct machine *m);
void machine_poll(struct machine *m, uint64_t now_ns);

/* --- accesses of the guest ------------------------------------------------------------------------- */

/* @size is 1, 2 or 4. Where no device is, reads give ones and writes vanish. */
uint32_t machine_port_in(struct machine *m, unsigned vcpu, uint16_t port, unsigned size);
void machine_port_out(struct machine *m, unsigned vcpu, uint16_t port, unsigned size, uint32_t value);
/* @size is 1, 2, 4 or 8. *value is read or written. false: no device at @gpa (value untouched). */
bool machine_mmio(struct machine *m, unsigned vcpu, uint64_t gpa, unsigned size, bool is_write, uint64_t *value);
/* APIC MSRs (0x1B, 0x6E0, 0x800-0x8FF); false = #GP, also for any other MSR. */
bool machine_rdmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t *value);
bool machine_wrmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t value);
/* CR8 is TPR[7:4]. Setting returns false for a value above 15 (#GP). */
uint64_t machine_cr8_get(const struct machine *m, unsigned vcpu);
bool machine_cr8_set(struct machine *m, unsigned vcpu, uint64_t value);

/* --- console --------------------------------------------------------------------------------------- */

/* Types bytes into the guest's UART; returns how many fitted. */
size_t machine_console_write(struct machine *m, const void *data, size_t length);
/* Reads what the guest has sent from absolute byte offset *offset on; see console_read. */
size_t machine_console_read(const struct machine *m, uint64_t *offset, void *out, size_t room);

/* --- state (machine_state.c) ----------------------------------------------------------------------- */

#define MACHINE_STATE_FIRST	0x0100u	/* record types of the machine */
#define MACHINE_STATE_LAST	0x01FFu
#define MACHINE_STATE_BYTES	32768u	/* room that always suffices for machine_state_save, and for what it saves */
#define MACHINE_DEVICES_MAX	32u	/* kinds of devices */

/* A machine parsed from a stream, not yet in force. */
struct machine_image {
	uint16_t seen[MACHINE_DEVICES_MAX];	/* records of each, one bit an instance */
	_Alignas(8) uint8_t state[MACHINE_STATE_BYTES];
};

/* Whether records of @type are the machine's. */
bool machine_state_owns(uint16_t type);
/* The kinds of records: how many there are, and each for listings and tests (NULL past the last). */
unsigned machine_state_kinds(void);
const struct state_desc *machine_state_desc(unsigned index);
/* Appends one whole record per instance at @out; *length gets the bytes. ERR_SPACE: @room is too small. */
enum err machine_state_save(const struct machine *m, void *out, size_t room, size_t *length, struct why *why) NODISCARD;
/* Parses and checks one record into @image, which starts zeroed. No effect on @m. Errors as state_load, and
 * ERR_UNKNOWN type or instance, ERR_EXISTS for a record that came already, and what the device's own check says. */
enum err machine_state_check(struct machine_image *image, const struct machine *m, uint16_t type, uint16_t instance,
			     uint16_t version, const void *body, size_t length, struct why *why) NODISCARD;
/* After the last record: ERR_SHORT names a record that is missing. */
enum err machine_state_complete(const struct machine_image *image, const struct machine *m, struct why *why) NODISCARD;
/* Puts a complete image in force. Can't fail. */
void machine_state_load(struct machine *m, const struct machine_image *image);
