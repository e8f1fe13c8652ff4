/* SPDX-License-Identifier: MIT */
#include "host/ports.h"
#include <criterion/criterion.h>
#include <string.h>
#include "host/moves.h"
#include "net/tcp_channel.h"

/* Who may connect to what. */

#define CIM	5988
#define CONSOLE	5990
#define MIG	5991

static struct { uint16_t port; void (*accept)(struct channel *ch); struct config_range from; bool admits; } port[4];
static unsigned ports;
static uint16_t taken;
static char given[8];		/* who was given connections */

static void give(char to)
{
	given[strlen(given)] = to;
}

static void management(struct channel *ch) { (void)ch; give('m'); }
static void console(struct channel *ch) { (void)ch; give('c'); }
void moves_accept(struct channel *ch) { (void)ch; give('g'); }

enum err tcp_channel_listen(uint16_t number, void (*accept)(struct channel *ch))
{
	if (number == taken)
		return ERR_EXISTS;
	port[ports].port = number;
	port[ports++].accept = accept;
	return ERR_OK;
}

void tcp_channel_admit(uint16_t number, uint32_t ipv4, uint32_t mask)
{
	for (unsigned i = 0; i < ports; i++) {
		if (port[i].port != number)
			continue;
		port[i].from = (struct config_range){ ipv4, mask };
		port[i].admits = true;
	}
}

static struct config config = {
	.cim_port = CIM, .console_port = CONSOLE, .migration_port = MIG,
	.cim_from = { 0x0a4d0000, 0xffff0000 }, .console_from = { 0x0a4d0100, 0xffffff00 },
};

Test(ports, take_only_whom_the_configuration_names)
{
	ports_open(&config, management, console);
	cr_assert_eq(ports, 3);
	cr_expect(port[0].port == CIM && port[0].admits && port[0].from.ipv4 == 0x0a4d0000 && port[0].from.mask == 0xffff0000);
	cr_expect(port[1].port == CONSOLE && port[1].admits && port[1].from.ipv4 == 0x0a4d0100 && port[1].from.mask == 0xffffff00);
	cr_expect(port[2].port == MIG && !port[2].admits, "it answers whom it refuses, by name");
}

Test(ports, give_each_connection_to_its_service)
{
	ports_open(&config, management, console);
	for (unsigned i = 0; i < ports; i++)
		port[i].accept(NULL);
	cr_expect_str_eq(given, "mcg");
}

Test(ports, of_which_one_is_taken_serve_on_the_others)
{
	taken = CIM;
	ports_open(&config, management, console);
	cr_assert_eq(ports, 2);
	cr_expect(port[0].port == CONSOLE && port[0].admits);
}
