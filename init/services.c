/* SPDX-License-Identifier: MIT */
#include "init/services.h"
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/pci.h"
#include "arch/x86_64/serial.h"
#include "arch/x86_64/time.h"
#include "cim/console.h"
#include "cim/server.h"
#include "host/autostart.h"
#include "host/moves.h"
#include "host/ports.h"
#include "host/share.h"
#include "host/slices.h"
#include "host/vms.h"
#include "lib/blob.h"
#include "lib/log.h"
#include "net/net.h"

#define NAME_A_TURN	(16u << 10)	/* bytes to be hashed: some 50 us */
#define SERIAL_NS	1000000ull	/* to look at the UART again while the log waits for it */
#define IDLE_MAX_NS	1000000000ull

static bool announced;
static struct share share;

void services_init(const struct config *config)
{
	struct why why = { "" };

	pci_scan();
	if (net_start(config, &why) != ERR_OK)
		log_error("net", "no network: %s", why.text);
	cim_server_init(&(struct cim_config){ 0 });
	moves_init();
	ports_open(config, cim_server_accept, console_accept);
}

/* One line that says that management can reach this host. */
static void announce(void)
{
	uint32_t a = net_ipv4();

	if (announced || !net_up())
		return;
	announced = true;
	log_info("net", "ready at %u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

/* One piece of work of each service; *next_ns: when to look again at the latest. True if there may be more at once. */
static bool run_services(uint64_t *next_ns)
{
	bool busy = net_poll(time_ns());
	uint64_t now, next;

	announce();
	/* What came in was stamped later than the poll's time: it must not go back for whoever took it. */
	now = time_ns();
	busy |= cim_server_step(now);
	busy |= console_step(now);
	share_managed(&share, time_ns() - now);
	busy |= moves_step(time_ns(), &next);
	if (next < *next_ns)
		*next_ns = next;
	return busy;
}

/* While nothing else is to be done, what guests are started from gets its names; true: there is more. */
static bool name_files(void)
{
	struct blob *b = blob_unnamed(0);

	return b && (blob_name_step(b, NAME_A_TURN) ? blob_unnamed(0) != NULL : true);
}

void services_run(void)
{
	serial_defer();
	for (;;) {
		uint64_t start = time_ns(), deadline = start + IDLE_MAX_NS;
		bool busy, stands;

		share_begin(&share, start);
		do {
			busy = run_services(&deadline);
			stands = moves_stand();
		} while (busy && share_services_again(&share, time_ns(), stands));
		busy |= stands;
		vms_forget(time_ns());
		autostart_step(time_ns(), &deadline);
		busy |= slices_run(&share, stands, &deadline);
		if (serial_poll() && time_ns() + SERIAL_NS < deadline)
			deadline = time_ns() + SERIAL_NS;
		if (cim_server_deadline() < deadline)
			deadline = cim_server_deadline();
		if (net_deadline_ns(time_ns()) < deadline)
			deadline = net_deadline_ns(time_ns());
		if (!busy)
			busy = name_files();
		if (busy) {
			cpu_sti_cli();
			continue;
		}
		net_arm();
		irq_idle(deadline);
	}
}
