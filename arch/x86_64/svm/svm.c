/* SPDX-License-Identifier: MIT */
#include "svm.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/svm/npt.h"
#include "arch/x86_64/svm/vcpu_svm.h"
#include "lib/log.h"
#include "lib/pages.h"

static struct svm_raw caps;
static uint64_t flushes;

const struct svm_raw *svm_caps(void)
{
	return &caps;
}

uint64_t svm_flushes(void)
{
	return flushes;
}

static bool here(void)
{
	uint32_t leaf0[4];
	struct svm_raw raw;

	cpuid(0, 0, leaf0);
	svm_raw_read(&raw);
	return raw.cpuid_svm || cpu_vendor_is(leaf0, "AuthenticAMD") || cpu_vendor_is(leaf0, "HygonGenuine");
}

static bool init(struct why_list *missing)
{
	svm_raw_read(&caps);
	if (!svm_caps_check(&caps, missing))
		return false;
	svm_caps_report(&caps);
	return true;
}

static bool cpu_on(void)
{
	struct cpu *c = cpu_this();
	uint64_t vm_cr = msr_read(MSR_VM_CR);
	void *save = page_alloc(), *host = page_alloc();

	if (!save || !host) {
		page_free(save);
		page_free(host);
		log_error("svm", "cpu %u: no memory for the host save area", c->index);
		return false;
	}
	if (vm_cr & VM_CR_SVMDIS)
		msr_write(MSR_VM_CR, vm_cr & ~VM_CR_SVMDIS);
	msr_write(MSR_IA32_EFER, msr_read(MSR_IA32_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE_PA, (uint64_t)save);
	c->svm_host = (uint64_t)host;
	log_info("svm", "cpu %u: SVM is on", c->index);
	return true;
}

/* Nested paging sets accessed and dirty bits always. */
static bool has(enum virt_feature f)
{
	return f == VIRT_AD;
}

/* All that the processor has works in a guest as it does here. */
static void limit_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)leaf, (void)subleaf, (void)out;
}

/* Every vCPU of a VM runs on the CPU that calls (services and vCPU slices alternate there), and flushes at its next
 * entry: until then nothing walks these tables. */
static void flush(struct gpt *gpt)
{
	(void)gpt;
	flushes++;
}

const struct virt_ops svm_ops = {
	.name = "SVM",
	.format = &npt_format,
	.here = here,
	.init = init,
	.cpu_on = cpu_on,
	.has = has,
	.cpuid = limit_cpuid,
	.flush = flush,
	.create = svm_create,
	.destroy = svm_destroy,
	.load = svm_load,
	.put = svm_put,
	.select = svm_select,
	.get = svm_get,
	.set = svm_set,
	.flush_tlb = svm_flush_tlb,
	.restored = svm_restored,
	.check = svm_check,
	.run = svm_run,
	.skip = svm_skip,
	.want_interrupt_window = svm_want_interrupt_window,
	.want_nmi_window = svm_want_nmi_window,
	.reflect_exception = svm_reflect_exception,
	.set_pml = svm_set_pml,
	.take_pml = svm_take_pml,
};
