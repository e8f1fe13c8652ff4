/* SPDX-License-Identifier: MIT */
/* svm.h: SVM on this host, the family of AMD's processors. */
#pragma once
#include "arch/x86_64/svm/caps.h"
#include "arch/x86_64/virt.h"

extern const struct virt_ops svm_ops;
/* As its init read them. */
const struct svm_raw *svm_caps(void);
/* How often translations by nested page tables had to be dropped; a vCPU that saw fewer does so before it runs. */
uint64_t svm_flushes(void);
