/* SPDX-License-Identifier: MIT */
/* stack.h: lwIP's headers beside Tern's. Both name an ERR_OK and an ERR_TIMEOUT; lwIP's become LWIP_ERR_*. */
#pragma once

#define ERR_OK		LWIP_ERR_OK
#define ERR_TIMEOUT	LWIP_ERR_TIMEOUT
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"	/* tcp_txnow: a driver that has room again */
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#undef ERR_OK
#undef ERR_TIMEOUT
#include "lib/err.h"
