/* SPDX-License-Identifier: MIT */
/* fuzz: arch */
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/bytes.h"

/* A vCPU record of a lying source: the input changes a good one, byte by byte. What passes keeps the rules of VM entry that are
 * told again here. */

#define CS_LONG (1u << 13)

static struct vmx_caps caps;

const struct vmx_caps *vmx_caps(void)
{
	return &caps;
}

static const struct virt_ops ops = { .check = vmx_check };
const struct virt_ops *virt = &ops;

void vcpu_end_instruction(struct vcpu *v, uint64_t blocking, uint64_t flags)
{
	(void)v, (void)blocking, (void)flags;
	abort();
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void good(struct vcpu_state *s)
{
	memset(s, 0, sizeof(*s));
	s->rip = 0xffffffff81000000;
	s->rflags = 0x246;
	s->cr0 = 0x80050033;
	s->cr3 = 0x1000000;
	s->cr4 = 0x6b0;
	s->efer = 0xd01;
	s->xcr0 = 7;
	s->pat = 0x0007040600070406;
	s->dr7 = 0x400;
	le32_put((uint8_t *)s->xsave + 24, 0x1f80);
	for (unsigned n = 0; n < VCPU_SEGMENTS; n++)
		s->segment_access[n] = 0x10000;
	s->segment_access[SEG_CS] = 0xa09b;
	s->segment_access[SEG_SS] = 0xc093;
	s->segment_access[SEG_TR] = 0x8b;
	s->segment_limit[SEG_CS] = s->segment_limit[SEG_SS] = 0xffffffff;
	s->segment_limit[SEG_TR] = 0x67;
}

static void judge(const struct vcpu_state *s)
{
	bool lma = s->efer & 1u << 10;
	uint32_t cs = s->segment_access[SEG_CS], tr = s->segment_access[SEG_TR], event = s->event;

	must(s->rflags & 2);
	must((tr & 0x1009f) == 0x8b || (!lma && (tr & 0x1009f) == 0x83));
	must((cs & 0x80) || s->rflags & 1u << 17);
	must(!lma || !(cs & CS_LONG) || !(cs & 1u << 14));
	must((lma && (cs & CS_LONG)) || !(s->rip >> 32));
	must(!lma || (s->cr0 >> 31 & 1 && s->cr4 & 1u << 5));
	must((s->interruptibility & 3) != 3 && !(s->interruptibility & 4));
	must(!(s->cr3 >> caps.raw.physical_bits));
	for (unsigned i = 0; i < VCPU_PDPTES && vcpu_pae_paging(s); i++)
		must(!(s->pdpte[i] & 1) || (!(s->pdpte[i] & 0x1e6) && !(s->pdpte[i] >> caps.raw.physical_bits)));
	if (event >> 31) {
		must((event >> 8 & 7) != 1);
		must((event >> 8 & 7) != 0 || s->rflags & 1u << 9);
		must((event >> 8 & 7) != 2 || (event & 0xff) == 2);
		must((event >> 8 & 7) != 3 || (event & 0xff) < 32);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vmx_raw raw = {
		.cpuid_vmx = true, .physical_bits = 39, .linear_bits = 48, .basic = 0x00d8100000000001 | 1ull << 55, .misc = 0x7004c1e5,
		.true_proc = 0xfff9fffe04006172, .cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff, .cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff,
	};
	const struct vcpu v = { .limits = { .cr4_mask = 0x370fff & ~(1ull << 13), .xcr0_mask = 7 } };
	static struct vcpu_state s, again;
	static uint8_t image[8192];
	struct why why = { "" };
	size_t length;

	vmx_caps_init(&caps, &raw);
	good(&s);
	must(vcpu_check(&v, &s, &why) == ERR_OK);
	for (; size >= 3; data += 3, size -= 3)
		((uint8_t *)&s)[le16_get(data) % sizeof(s)] = data[2];
	/* As from the wire: what the rows let through. */
	if (state_save(&vcpu_state_desc, &s, vcpu_state_desc.version, image, sizeof(image), &length, &why) ||
	    state_load(&vcpu_state_desc, &again, vcpu_state_desc.version, image, length, &why))
		return 0;
	if (vcpu_check(&v, &again, &why) == ERR_OK)
		judge(&again);
	else
		must(why.text[0]);
	return 0;
}
