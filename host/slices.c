/* SPDX-License-Identifier: MIT */
#include "host/slices.h"
#include "arch/x86_64/time.h"
#include "host/moves.h"
#include "host/vms.h"

static void after_slice(struct vm *vm)
{
	enum machine_request request = vm_serve_request(vm);

	if (request == MACHINE_RESET)
		vms_reset(vm);
	if (vm->state == VM_STOPPED || vm->state == VM_CRASHED)
		moves_vm_gone(vm);
}

bool slices_run(struct share *share, bool stands, uint64_t *deadline_ns)
{
	uint64_t now = time_ns(), wake[VM_MAX], slice = 0;
	unsigned waiting = 0;
	bool busy = false;

	for (unsigned i = 0; i < VM_MAX; i++) {
		wake[i] = vm_wake_ns(&vms[i]);
		waiting += wake[i] <= now;
	}
	if (waiting)
		slice = share_slice(share, now, waiting, stands);
	for (unsigned i = 0; i < VM_MAX; i++) {
		if (wake[i] <= now) {
			busy |= vm_run_slice(&vms[i], slice) == VM_SLICE_BUSY;
			after_slice(&vms[i]);
			wake[i] = vm_wake_ns(&vms[i]);
		}
		if (wake[i] < *deadline_ns)
			*deadline_ns = wake[i];
	}
	share_ran(share, time_ns() - now, busy);
	return busy;
}
