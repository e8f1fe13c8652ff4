/* SPDX-License-Identifier: MIT */
#include "time.h"
#include "cpu.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "tsc_claims.h"
#include "tsc_counters.h"

#define NS_PER_SECOND	1000000000ull

_Static_assert(TSC_COUNTERS + TSC_CLAIMS_MAX <= TSC_SOURCES_MAX, "all sources are heard");

static struct tsc_source source[TSC_SOURCES_MAX];
static unsigned sources;
static struct tsc_verdict verdict;
static struct why not_trusted;

static uint64_t tsc_start, ns_start;	/* the clock said ns_start when the TSC was tsc_start */
static uint64_t tsc_hz = 1, tsc_khz = 1;
static uint64_t ns_scale;		/* ns = tsc * ns_scale >> 32 */
static uint64_t wall_at_start;

uint64_t time_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* From now on the TSC runs at @hz; what the clock says now stays. */
static void set_rate(uint64_t hz)
{
	uint64_t now = time_tsc();

	ns_start += time_tsc_to_ns(now - tsc_start);
	tsc_start = now;
	tsc_hz = hz;
	tsc_khz = (hz + 500) / 1000;
	ns_scale = (NS_PER_SECOND << 32) / hz;
}

static void log_source(const struct tsc_source *s, bool agrees)
{
	uint64_t hz = tsc_range_middle(&s->range);

	if (!s->range.high_hz && s->kind == TSC_MEASURED)
		log_info("time", "%s: absent, or of no use", s->name);
	else if (s->range.high_hz)
		log_info("time", "%s: %llu.%03llu kHz, give or take %u ppm%s", s->name, (unsigned long long)(hz / 1000),
			 (unsigned long long)(hz % 1000), tsc_range_ppm(&s->range), agrees ? "" : "; not believed");
}

static void explain(void)
{
	not_trusted.text[0] = 0;
	if (verdict.trusted)
		return;
	if (!verdict.agree)
		why_set(&not_trusted, "the TSC's frequency is not known: no HPET, no ACPI PM timer and no 8254 that "
				      "counts, and no word of the CPU");
	else if (verdict.ppm > TSC_SURE_PPM)
		why_set(&not_trusted, "the TSC's frequency is known to %u ppm only, guests need %u", verdict.ppm,
			TSC_SURE_PPM);
	else
		why_set(&not_trusted, "the TSC's frequency is not certain: its sources contradict each other, or there "
				      "is one claim alone (the log has them)");
}

static void decide(void)
{
	tsc_decide(source, sources, &verdict);
	set_rate(verdict.hz);
	explain();
}

static void report(bool every_source)
{
	for (unsigned i = 0; i < sources && every_source; i++)
		log_source(&source[i], verdict.agrees[i]);
	if (!verdict.trusted)
		log_error("time", "no VM can run here: %s", not_trusted.text);
	else if (verdict.agree == 1 && every_source)
		log_warn("time", "the TSC's frequency is known by one source alone");
	log_info("time", "the TSC runs at %llu.%03llu kHz, give or take %u ppm",
		 (unsigned long long)(verdict.hz / 1000), (unsigned long long)(verdict.hz % 1000), verdict.ppm);
}

void time_init(uint64_t rsdp)
{
	static struct tsc_raw raw;

	tsc_start = time_tsc();
	tsc_counters_measure(rsdp, source);
	tsc_raw_read(&raw);
	sources = TSC_COUNTERS + tsc_claims(&raw, source + TSC_COUNTERS);
	decide();
	report(true);
}

void time_refine(void)
{
	bool trusted = verdict.trusted;

	tsc_counters_again(source);
	decide();
	report(trusted != verdict.trusted);
}

bool time_trusted(struct why *why)
{
	if (!verdict.trusted)
		why_set(why, "%s", not_trusted.text);
	return verdict.trusted;
}

uint64_t time_tsc_to_ns(uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)tsc * ns_scale >> 32);
}

uint64_t time_ns_to_tsc(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * tsc_hz / NS_PER_SECOND);
}

uint64_t time_ns(void)
{
	return ns_start + time_tsc_to_ns(time_tsc() - tsc_start);
}

uint32_t time_tsc_khz(void)
{
	return (uint32_t)tsc_khz;
}

uint32_t time_tsc_ppm(void)
{
	return verdict.ppm;
}

void time_delay_us(uint32_t us)
{
	uint64_t end = time_tsc() + time_ns_to_tsc((uint64_t)us * 1000);

	while (time_tsc() < end)
		cpu_relax();
}

void time_set_wall(uint64_t seconds)
{
	wall_at_start = seconds - time_ns() / NS_PER_SECOND;
}

uint64_t time_wall_seconds(void)
{
	return wall_at_start + time_ns() / NS_PER_SECOND;
}
