/* SPDX-License-Identifier: MIT */
/* e1000_regs.h: registers, bits and legacy descriptors of the 8254x, named as in Intel's manual. */
#pragma once
#include <stdint.h>

enum e1000_register {
	CTRL = 0x00000, STATUS = 0x00008, EERD = 0x00014, ICR = 0x000c0, ITR = 0x000c4, IMS = 0x000d0, IMC = 0x000d8,
	RCTL = 0x00100, TCTL = 0x00400, TIPG = 0x00410,
	RDBAL = 0x02800, RDBAH = 0x02804, RDLEN = 0x02808, RDH = 0x02810, RDT = 0x02818, RDTR = 0x02820, RADV = 0x0282c,
	TDBAL = 0x03800, TDBAH = 0x03804, TDLEN = 0x03808, TDH = 0x03810, TDT = 0x03818, TIDV = 0x03820,
	MTA = 0x05200, RAL0 = 0x05400, RAH0 = 0x05404,
};
#define E1000_REGISTER_BYTES	0x20000u
#define E1000_MTA_REGISTERS	128u

#define CTRL_ASDE	(1u << 5)
#define CTRL_SLU	(1u << 6)
#define CTRL_ILOS	(1u << 7)
#define CTRL_LRST	(1u << 3)
#define CTRL_RST	(1u << 26)
#define CTRL_VME	(1u << 30)
#define CTRL_PHY_RST	(1u << 31)

#define STATUS_LU	(1u << 1)

#define EERD_START	(1u << 0)

#define ICR_LSC		(1u << 2)
#define ICR_RXDMT0	(1u << 4)
#define ICR_RXO		(1u << 6)
#define ICR_RXT0	(1u << 7)

#define RCTL_EN		(1u << 1)
#define RCTL_BAM	(1u << 15)
#define RCTL_SECRC	(1u << 26)	/* BSIZE 00 with BSEX 0: 2048-byte buffers */

#define TCTL_EN		(1u << 1)
#define TCTL_PSP	(1u << 3)
#define TCTL_CT		(0x0fu << 4)
#define TCTL_COLD	(0x40u << 12)	/* full duplex */
#define TIPG_DEFAULT	(10u | 8u << 10 | 6u << 20)	/* IPGT, IPGR1, IPGR2 */

#define RAH_AV		(1u << 31)

struct e1000_rx_descriptor {
	uint64_t address;
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};
_Static_assert(sizeof(struct e1000_rx_descriptor) == 16, "legacy receive descriptor");

#define RXD_STATUS_DD	(1u << 0)
#define RXD_STATUS_EOP	(1u << 1)

struct e1000_tx_descriptor {
	uint64_t address;
	uint16_t length;
	uint8_t cso, command, status, css;
	uint16_t special;
};
_Static_assert(sizeof(struct e1000_tx_descriptor) == 16, "legacy transmit descriptor");

#define TXD_COMMAND_EOP		(1u << 0)
#define TXD_COMMAND_IFCS	(1u << 1)
#define TXD_COMMAND_RS		(1u << 3)
#define TXD_STATUS_DD		(1u << 0)
