/* SPDX-License-Identifier: MIT */
/* nic.c: which driver serves which PCI function. */
#include "net/nic/nic.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "net/nic/e1000.h"

static const struct nic_driver drivers[] = {
	{ 0x8086, 0x100e, "82540EM", e1000_start, E1000_EERD_8254X },
	{ 0x8086, 0x100f, "82545EM", e1000_start, E1000_EERD_8254X },
	{ 0x8086, 0x10d3, "82574L",  e1000_start, E1000_EERD_82574 },
};

static const struct nic_driver *driver_of(const struct pci_function *f)
{
	for (unsigned i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].vendor_id == f->vendor_id && drivers[i].device_id == f->device_id)
			return &drivers[i];
	return NULL;
}

static void refuse(struct why *why, const char *seen)
{
	char names[96] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(drivers) / sizeof(drivers[0]) && used < sizeof(names); i++)
		used += (size_t)fmt(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", drivers[i].name);
	why_set(why, "no network card that Tern drives (%s); PCI network functions seen: %s", names, seen);
}

enum err nic_find(struct nic **out, struct why *why)
{
	char seen[96] = "";
	size_t used = 0;
	enum err e = ERR_NOTFOUND;

	for (unsigned i = 0; i < pci_count(); i++) {
		const struct pci_function *f = pci_at(i);
		const struct nic_driver *driver = driver_of(f);

		if (f->class != PCI_CLASS_NETWORK)
			continue;
		if (driver) {
			e = driver->start(f, driver, out, why);
			if (e == ERR_OK)
				return e;
			log_error("net", "%s at %02x:%02x.%u: %s", driver->name, f->bus, f->device, f->function,
				  err_text(e));
		} else if (used + 20 < sizeof(seen)) {
			used += (size_t)fmt(seen + used, sizeof(seen) - used, "%s%02x:%02x.%u %04x:%04x",
					    used ? ", " : "", f->bus, f->device, f->function, f->vendor_id,
					    f->device_id);
		}
	}
	if (e == ERR_NOTFOUND)
		refuse(why, used ? seen : "none");
	return e;
}
