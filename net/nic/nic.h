/* SPDX-License-Identifier: MIT */
/* nic.h: the NIC seam: Ethernet frames out and in, without blocking; and the table of drivers by PCI id. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/pci.h"
#include "lib/err.h"
#include "lib/why.h"

#define NIC_FRAME_MAX 1518u	/* header, VLAN tag and 1500 bytes, without the FCS */

struct nic;

struct nic_ops {
	/* A buffer of NIC_FRAME_MAX bytes for the next frame; NULL while the ring is full or the link is down. */
	uint8_t *(*send_buffer)(struct nic *nic);
	/* Queues the frame of @length bytes (at most NIC_FRAME_MAX) that was written to the last send_buffer. */
	void (*send)(struct nic *nic, size_t length);
	/* Tells the chip about everything queued. */
	void (*flush)(struct nic *nic);
	/* The next good frame, without FCS, valid until the next recv; NULL when there is none. */
	const uint8_t *(*recv)(struct nic *nic, size_t *length);
	bool (*link_up)(struct nic *nic);
	/* Lets the chip interrupt once: to be called before idling. */
	void (*arm)(struct nic *nic);
	/* To be called about twice a second: notices a chip that hangs and restarts it. */
	void (*check)(struct nic *nic, uint64_t now_ns);
};

struct nic_counters {
	uint64_t sent, received;	/* frames */
	uint64_t send_full;		/* times the ring was full */
	uint64_t recv_errors;		/* frames the chip marked bad */
	uint64_t recv_malformed;		/* descriptors that can't be true (length, spread frames) */
	uint64_t restarts;		/* after a hang */
	uint64_t interrupts;
};

/* Embedded as the first member by each driver. */
struct nic {
	const struct nic_ops *ops;
	const char *name;		/* of the chip */
	uint8_t mac[6];
	struct nic_counters counters;
};

struct nic_driver {
	uint16_t vendor_id, device_id;
	const char *name;
	/* Brings the chip up; *@out is set on ERR_OK. ERR_IO, ERR_NOMEM with a reason. */
	enum err (*start)(const struct pci_function *f, const struct nic_driver *driver, struct nic **out,
			  struct why *why) NODISCARD;
	uint32_t variant;		/* the driver's own */
};

/* Starts the first network function on the PCI list that a driver serves. ERR_NOTFOUND with the network
 * functions seen; the last driver's error if one was tried and failed. */
enum err nic_find(struct nic **out, struct why *why) NODISCARD;
