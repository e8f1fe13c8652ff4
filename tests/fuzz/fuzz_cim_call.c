/* SPDX-License-Identifier: MIT */
/* fuzz: cim fake_manage */
/* The parameters of every operation and method: first byte chooses it, the rest stands inside the call. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
	char *params;

	if (!size)
		return 0;
	params = calloc(1, size);
	if (!params)
		abort();
	memcpy(params, data + 1, size - 1);
	fake_manage_reset();
	if (n < 9)
		client_ask(methods[n], params);
	else
		client_invoke(methods[n], NULL, NULL, params);
	client_gone();
	free(params);
	return 0;
}
