/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
/* What one address may make the host hold while it waits for another host, or for a client that does not read. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "cim_clients.h"
#include "fake_cim_client.h"
#include "tests/fake/heap.h"

#define SECOND 1000000000ull
#define HEAP (24u << 20)	/* HEAP_BYTES of efi_main.c, for all of Tern */

static char body[300000], request[310000];

/* A request of nearly @room bytes whose answer is @inner's. */
static void fat(const char *inner, unsigned nodes, size_t room, const char *method, const char *object)
{
	const char *at = strstr(inner, "</CIM>");
	size_t n = (size_t)(at - inner);

	memcpy(body, inner, n);
	while (nodes--) {
		memcpy(body + n, "<a/>", 4);
		n += 4;
	}
	memcpy(body + n, "<t>", 3);
	n += 3;
	while (n < room - 20)
		body[n++] = 'x';
	strcpy(body + n, "</t></CIM>");
	snprintf(request, sizeof(request), "POST /cimom HTTP/1.1\r\nHost: h\r\nContent-Type: "
		 "application/xml\r\nContent-Length: %zu\r\nCIMOperation: MethodCall\r\nCIMMethod: %s\r\nCIMObject: "
		 "%s\r\n\r\n%s", strlen(body), method, object, body);
}

static void run(uint64_t ns)
{
	fake_manage_advance(ns);
	for (int n = 0; n < 200000 && cim_server_step(fake.now_ns); n++)
		;
}

static void hold(const char *what, unsigned count, bool full)
{
	size_t before = __sanitizer_get_current_allocated_bytes(), held;

	for (unsigned n = 0; n < count; n++) {
		client[n]->full = full;
		fake_channel_say(client[n], request);
	}
	run(0);
	held = __sanitizer_get_current_allocated_bytes() - before;
	cr_expect_lt(held, HEAP / 5, "%s: %u connections hold %zu KiB", what, count, held >> 10);
}

static void start(unsigned count)
{
	while (count--)
		connect_from(0x0a4d0063);
}

TestSuite(heap_hold, .init = server_fresh, .fini = server_gone);

Test(heap_hold, one_address_that_does_not_read)
{
	start(12);
	fat(client_intrinsic("EnumerateClasses", BOOLEAN("DeepInheritance", "TRUE") BOOLEAN("LocalOnly", "FALSE")
			     BOOLEAN("IncludeClassOrigin", "TRUE")),
	    10, 262000, "EnumerateClasses", "root/virt");
	hold("WRITE", 12, true);
}

Test(heap_hold, one_address_whose_checks_wait)
{
	start(8);
	fat(client_extrinsic("CheckVirtualSystemIsMigratableToHost", NULL, client_move("10.77.0.3", "")), 8100, 262000,
		"CheckVirtualSystemIsMigratableToHost",
	    client_service_object);
	hold("WAIT", 8, false);
}
