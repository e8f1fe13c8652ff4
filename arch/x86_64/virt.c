/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/virt.h"
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/vmx/vmx.h"

static const struct virt_ops *const families[] = { &vmx_ops, &svm_ops };

const struct virt_ops *virt = &vmx_ops;
static bool available;

bool virt_init(struct why_list *missing)
{
	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i]->here())
			virt = families[i];
	available = virt->init(missing);
	return available;
}

bool virt_cpu_on(void)
{
	return virt->cpu_on();
}

bool virt_available(void)
{
	return available;
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	cpuid(leaf, subleaf, out);
	virt->cpuid(leaf, subleaf, out);
}

void gpt_flush(struct gpt *gpt)
{
	virt->flush(gpt);
}
