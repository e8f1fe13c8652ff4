/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/tsc_counters.h"
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/pci.h"
#include "arch/x86_64/time.h"

#define BASE_NS		100000000ull
#define BASE_MAX_NS	1600000000ull
#define WANTED_PPM	100u
#define PATIENCE	4u	/* a counter may take so many times as long as the first that is done */
#define TRIES		8u	/* for each late reading, of which the best counts */

static uint64_t hpet;
static uint16_t pm_port;

/* --- HPET: IA-PC HPET Specification, "Register Model" ------------------------------------------------- */

#define HPET_PERIOD	0x004	/* femtoseconds: upper half of General Capabilities and ID */
#define HPET_CONFIG	0x010
#define HPET_ENABLE	1u
#define HPET_COUNTER	0x0f0
#define HPET_PERIOD_MAX	0x05f5e100u

static uint32_t hpet_config;

static bool hpet_find(uint64_t rsdp, struct tsc_counter *c)
{
	uint32_t period;

	hpet = acpi_hpet(rsdp);
	if (!hpet)
		return false;
	paging_map_mmio(hpet, 0x400);
	period = mmio_read32(hpet + HPET_PERIOD);
	if (!period || period > HPET_PERIOD_MAX)
		return false;
	hpet_config = mmio_read32(hpet + HPET_CONFIG);
	if (!(hpet_config & HPET_ENABLE))
		mmio_write32(hpet + HPET_CONFIG, hpet_config | HPET_ENABLE);
	*c = (struct tsc_counter){ .hz = 1000000000000000ull / period, .mask = UINT32_MAX };
	return true;
}

static void hpet_read(struct tsc_sample *s)
{
	s->before = time_tsc();
	s->count = mmio_read32(hpet + HPET_COUNTER);
	s->after = time_tsc();
}

static void hpet_leave(void)
{
	if (!(hpet_config & HPET_ENABLE))
		mmio_write32(hpet + HPET_CONFIG, hpet_config);
}

/* --- ACPI "Power Management Timer": 24 bits at least -------------------------------------------------- */

#define PIIX4_PM_ID	0x71138086u
#define PIIX4_PMBA	0x40
#define PIIX4_PMREGMISC	0x80
#define PIIX4_PMIOSE	1u
#define PIIX4_TIMER	8u

/* Firmware without ACPI tables on the one chip set that emulators without them have (82371AB datasheet, "Power
 * Management Registers"). */
static uint16_t pm_of_piix4(void)
{
	static const struct pci_function f = { .bus = 0, .device = 1, .function = 3 };
	uint32_t base;

	if (pci_read32(&f, 0) != PIIX4_PM_ID || !(pci_read32(&f, PIIX4_PMREGMISC) & PIIX4_PMIOSE))
		return 0;
	base = pci_read32(&f, PIIX4_PMBA) & 0xffc0;
	return base ? (uint16_t)(base + PIIX4_TIMER) : 0;
}

static bool pm_find(uint64_t rsdp, struct tsc_counter *c)
{
	pm_port = acpi_pm_timer(rsdp);
	if (!pm_port)
		pm_port = pm_of_piix4();
	*c = (struct tsc_counter){ .hz = 3579545, .mask = 0xffffff };
	return pm_port;
}

static void pm_read(struct tsc_sample *s)
{
	s->before = time_tsc();
	s->count = in32(pm_port);
	s->after = time_tsc();
}

static void pm_leave(void)
{
}

/* --- 8254: counter 2 in mode 0 counts down from 65536 and on below 0; its output is never waited for -- */

#define PIT_HZ		1193182u
#define PIT_CH2		0x42
#define PIT_COMMAND	0x43
#define PIT_CH2_MODE_0	0xb0
#define PIT_LATCH_CH2	0x80
#define PORT_B		0x61
#define PORT_B_GATE	1u
#define PORT_B_SPEAKER	2u

static uint8_t port_b;

static bool pit_find(uint64_t rsdp, struct tsc_counter *c)
{
	(void)rsdp;
	port_b = in8(PORT_B);
	out8(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE));
	out8(PIT_COMMAND, PIT_CH2_MODE_0);
	out8(PIT_CH2, 0);
	out8(PIT_CH2, 0);
	*c = (struct tsc_counter){ .hz = PIT_HZ, .mask = 0xffff };
	return true;
}

/* The count is taken at the latch command. */
static void pit_read(struct tsc_sample *s)
{
	uint32_t low;

	s->before = time_tsc();
	out8(PIT_COMMAND, PIT_LATCH_CH2);
	s->after = time_tsc();
	low = in8(PIT_CH2);
	s->count = ~(low | (uint32_t)in8(PIT_CH2) << 8) & 0xffff;
}

static void pit_leave(void)
{
	out8(PORT_B, port_b);
}

/* ------------------------------------------------------------------------------------------------------ */

static const struct clock {
	const char *name;
	bool (*find)(uint64_t rsdp, struct tsc_counter *c);
	void (*read)(struct tsc_sample *s);
	void (*leave)(void);
} clocks[TSC_COUNTERS] = {
	{ "HPET", hpet_find, hpet_read, hpet_leave },
	{ "ACPI PM timer", pm_find, pm_read, pm_leave },
	{ "8254", pit_find, pit_read, pit_leave },
};

static struct tsc_series series[TSC_COUNTERS];
static bool found[TSC_COUNTERS];

/* One more reading of each that is not done; false: all are, or they take far too long. */
static bool read_all(uint64_t began, uint64_t *first_done)
{
	struct tsc_sample sample;
	bool runs = false;

	for (unsigned i = 0; i < TSC_COUNTERS; i++) {
		if (!found[i] || series[i].state != TSC_SERIES_RUNS)
			continue;
		clocks[i].read(&sample);
		tsc_series_add(&series[i], &sample);
		runs |= series[i].state == TSC_SERIES_RUNS;
		if (series[i].state == TSC_SERIES_DONE && !*first_done)
			*first_done = sample.after - began;
	}
	return runs && (!*first_done || time_tsc() - began < PATIENCE * *first_done);
}

static void estimate(struct tsc_source *out)
{
	for (unsigned i = 0; i < TSC_COUNTERS; i++) {
		out[i] = (struct tsc_source){ .name = clocks[i].name, .kind = TSC_MEASURED };
		if (found[i] && tsc_estimate(&series[i], &out[i].range) != ERR_OK)
			out[i].range.high_hz = 0;
	}
}

/* The surest one's uncertainty; 0 if no counter is of use, so that no longer base line is tried. */
static uint32_t surest(const struct tsc_source *out)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < TSC_COUNTERS; i++) {
		uint32_t ppm = out[i].range.high_hz ? tsc_range_ppm(&out[i].range) : 0;

		if (ppm && (!best || ppm < best))
			best = ppm;
	}
	return best;
}

void tsc_counters_measure(uint64_t rsdp, struct tsc_source *out)
{
	struct tsc_counter counter[TSC_COUNTERS] = { 0 };

	for (unsigned i = 0; i < TSC_COUNTERS; i++) {
		found[i] = clocks[i].find(rsdp, &counter[i]);
		/* A tick, and a microsecond: emulators count in these. */
		counter[i].grain = (uint32_t)(counter[i].hz / 1000000) + 2;
	}
	for (uint64_t base = BASE_NS; base <= BASE_MAX_NS; base *= 4) {
		uint64_t began = time_tsc(), first_done = 0;

		for (unsigned i = 0; i < TSC_COUNTERS; i++)
			if (found[i])
				tsc_series_start(&series[i], &counter[i], base);
		while (read_all(began, &first_done))
			;
		estimate(out);
		if (surest(out) <= WANTED_PPM)
			return;
	}
}

void tsc_counters_again(struct tsc_source *out)
{
	for (unsigned i = 0; i < TSC_COUNTERS; i++) {
		for (unsigned n = 0; n < TSC_LATE && found[i] && series[i].state == TSC_SERIES_DONE; n++) {
			struct tsc_sample best, sample;

			clocks[i].read(&best);
			for (unsigned t = 1; t < TRIES; t++) {
				clocks[i].read(&sample);
				if (sample.after - sample.before < best.after - best.before)
					best = sample;
			}
			tsc_series_late(&series[i], &best);
		}
		if (found[i])
			clocks[i].leave();
	}
	estimate(out);
}
