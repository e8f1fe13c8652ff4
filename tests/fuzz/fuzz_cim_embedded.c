/* SPDX-License-Identifier: MIT */
/* fuzz: cim */
/* Embedded instances, as CIM-XML or MOF: accepted or refused with a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cim/embedded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why = { "" };
	struct embedded e;
	char *text = calloc(1, size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	if (embedded_parse(text, &e, &why) == ERR_OK) {
		for (unsigned n = 0; n < e.count; n++)
			if (!embedded_name(&e, n)[0] && embedded_value(&e, n) && strlen(embedded_value(&e, n)) > size)
				abort();
		embedded_fini(&e);
	} else if (!why.text[0]) {
		abort();
	}
	free(text);
	return 0;
}
