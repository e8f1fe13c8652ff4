/* SPDX-License-Identifier: MIT */
/* fuzz: cim/[!c]*.c cim/call.c tests/fake/fake_manage.c tests/fake/fake_log.c tests/fake/fake_cim_channel.c tests/fake/fake_cim_client.c lib/err.c lib/fmt.c lib/why.c */
/* libs: -lexpat */
/* The parameters of every operation and method: first byte chooses it, the rest stands inside the call. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cim/call.h"
#include "fake_cim_client.h"
#include "fake_manage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const methods[] = {
	"GetClass", "EnumerateClasses", "GetInstance", "EnumerateInstances", "EnumerateInstanceNames", "Associators",
	"AssociatorNames", "References", "ReferenceNames", "CheckVirtualSystemIsMigratableToHost",
	"CheckVirtualSystemIsMigratableToSystem", "MigrateVirtualSystemToHost", "MigrateVirtualSystemToSystem",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n = size ? data[0] % (sizeof(methods) / sizeof(methods[0])) : 0;
	struct call_header h = { "MethodCall", methods[n], n < 9 ? "root/virt" : client_service_object, NULL, NULL, "h" };
	struct buf out = { 0 };
	struct call c;
	char *params;

	if (!size)
		return 0;
	params = calloc(1, size);
	if (!params)
		abort();
	memcpy(params, data + 1, size - 1);
	fake_manage_reset();
	client_answer(&c, &h, n < 9 ? client_intrinsic(methods[n], params) : client_extrinsic(methods[n], NULL, params), &out);
	buf_free(&out);
	free(params);
	return 0;
}
