/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages */
#include "net/nic/e1000.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/io.h"
#include "net/nic/e1000_regs.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_pci.h"

#define GOOD (RXD_STATUS_DD | RXD_STATUS_EOP)

static struct nic *nic;
static struct why why;

static enum err start(void)
{
	pci_scan();
	return nic_find(&nic, &why);
}

static void started(void)
{
	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK, "%s", why.text);
}

static void fill(uint8_t *frame, size_t length, unsigned n)
{
	for (size_t i = 0; i < length; i++)
		frame[i] = (uint8_t)(n * 31 + i);
}

static bool send(unsigned n, size_t length)
{
	uint8_t *frame = nic->ops->send_buffer(nic);

	if (!frame)
		return false;
	fill(frame, length, n);
	nic->ops->send(nic, length);
	return true;
}

Test(e1000, takes_its_mac_from_the_eeprom_when_ral_is_empty)
{
	started();
	cr_assert_arr_eq(nic->mac, "\x52\x54\x00\x12\x34\x50", 6);
	cr_assert_str_eq(nic->name, "82540EM");
}

Test(e1000, reads_the_eeprom_of_the_82574_in_its_own_layout)
{
	fake_e1000_plug();
	fake_e1000.eeprom_82574 = true;
	struct pci_function f = { .device = 3, .interrupt_line = 11, .interrupt_pin = 1 };
	struct nic_driver driver = { .name = "82574L", .variant = E1000_EERD_82574 };

	cr_assert_eq(e1000_start(&f, &driver, &nic, &why), ERR_OK);
	cr_assert_arr_eq(nic->mac, "\x52\x54\x00\x12\x34\x50", 6);
}

Test(e1000, takes_its_mac_from_ral_when_the_eeprom_is_dead)
{
	fake_e1000_plug();
	fake_e1000.eeprom_dead = true;
	fake_e1000.ral_rah = 0x8000070605040302ull;
	cr_assert_eq(start(), ERR_OK);
	cr_assert_arr_eq(nic->mac, "\x02\x03\x04\x05\x06\x07", 6);
}

Test(e1000, a_card_without_usable_mac_is_refused_and_its_memory_returned)
{
	fake_e1000_plug();
	memcpy(fake_e1000.mac, "\xff\xff\xff\xff\xff\xff", 6);
	cr_assert_eq(start(), ERR_IO);
	cr_assert(strstr(why.text, "MAC"));
	cr_assert_eq(fake_pages_out, 0);
}

Test(e1000, a_reset_that_never_ends_is_an_error_with_a_reason)
{
	fake_e1000_plug();
	fake_e1000.reset_hangs = true;
	cr_assert_eq(start(), ERR_IO);
	cr_assert(strstr(why.text, "reset"));
}

Test(e1000, a_card_without_address_is_refused)
{
	uint8_t *config = fake_pci_add(0, 1, 0, 0x8086, 0x100e, 0x020000);

	config[0x10] = 0;
	cr_assert_eq(start(), ERR_IO);
	cr_assert(strstr(why.text, "BAR0"));
}

Test(e1000, without_memory_for_all_buffers_nothing_is_kept)
{
	fake_e1000_plug();
	fake_pages_left = 100;
	cr_assert_eq(start(), ERR_NOMEM);
	cr_assert_eq(fake_pages_out, 0);
	fake_pages_left = -1;
	cr_assert_eq(start(), ERR_OK, "a second try with memory works");
}

Test(e1000, a_host_without_card_says_which_network_functions_it_has)
{
	fake_pci_add(0, 3, 0, 0x1af4, 0x1000, 0x020000);
	fake_pci_add(0, 4, 0, 0x1234, 0x1111, 0x030000);
	cr_assert_eq(start(), ERR_NOTFOUND);
	cr_assert(strstr(why.text, "00:03.0 1af4:1000"), "%s", why.text);
	cr_assert_not(strstr(why.text, "1111"));
}

Test(e1000, maps_its_registers_and_may_master_the_bus)
{
	struct pci_function f = { .device = 3 };

	started();
	cr_assert_eq(fake_mmio_base, FAKE_E1000_BASE);
	cr_assert_eq(fake_mmio_bytes, 128 * 1024);
	cr_assert_eq(pci_read16(&f, PCI_COMMAND) & 6, 6);
	cr_assert_eq(fake_irq_line, 11);
}

Test(e1000, sends_frames_whole_and_in_order_when_flushed)
{
	uint8_t want[1514];
	size_t length;

	started();
	cr_assert(send(1, 60));
	cr_assert(send(2, 1514));
	cr_assert_eq(fake_e1000.sent, 0);
	nic->ops->flush(nic);
	cr_assert_eq(fake_e1000.sent, 2);
	fill(want, sizeof(want), 2);
	cr_assert_arr_eq(fake_e1000_sent(1, &length), want, sizeof(want));
	cr_assert_eq(length, 1514);
	cr_assert_eq(fake_e1000.command[1], TXD_COMMAND_EOP | TXD_COMMAND_IFCS | TXD_COMMAND_RS);
}

Test(e1000, a_full_ring_takes_nothing_until_the_chip_has_sent)
{
	unsigned n = 0;

	started();
	fake_e1000.tx_stopped = true;
	while (send(n, 100))
		n++;
	cr_assert_eq(n, 255);
	cr_assert_eq(nic->counters.send_full, 1);
	fake_e1000.tx_stopped = false;
	mmio_write32(FAKE_E1000_BASE + TDT, fake_e1000.tdt);
	nic->ops->flush(nic);
	cr_assert(send(n, 100));
}

Test(e1000, receives_frames_in_order_over_many_turns_of_the_ring)
{
	uint8_t frame[1514], want[1514];
	unsigned in = 0, out = 0;

	started();
	while (out < 3000) {
		size_t length = 60 + in % 1400;
		const uint8_t *got;

		for (unsigned burst = 0; burst < 1 + in % 7; burst++) {
			length = 60 + in % 1400;
			fill(frame, length, in);
			cr_assert(fake_e1000_receive(frame, length), "ring ran dry at %u", in);
			in++;
		}
		while ((got = nic->ops->recv(nic, &length))) {
			cr_assert_eq(length, 60 + out % 1400);
			fill(want, length, out);
			cr_assert_arr_eq(got, want, length);
			out++;
		}
	}
	cr_assert_eq(in, out);
	cr_assert_eq(nic->counters.received, out);
}

Test(e1000, a_chip_that_runs_out_of_descriptors_goes_on_after_they_are_returned)
{
	uint8_t frame[60] = { 0 };
	size_t length;
	unsigned in = 0, out = 0;

	started();
	while (fake_e1000_receive(frame, sizeof(frame)))
		in++;
	cr_assert_eq(in, 255);
	while (nic->ops->recv(nic, &length))
		out++;
	cr_assert_eq(out, 255);
	cr_assert(fake_e1000_receive(frame, sizeof(frame)));
	cr_assert_not_null(nic->ops->recv(nic, &length));
}

Test(e1000, frames_marked_bad_are_counted_and_dropped)
{
	uint8_t bad[60] = { 0 }, good[64] = { 7 };
	size_t length;

	started();
	fake_e1000_receive_as(bad, sizeof(bad), GOOD, 1, sizeof(bad));
	fake_e1000_receive(good, sizeof(good));
	cr_assert_eq(*nic->ops->recv(nic, &length), 7);
	cr_assert_eq(nic->counters.recv_errors, 1);
}

Test(e1000, lengths_that_can_not_be_true_are_counted_and_dropped)
{
	static const uint16_t lies[] = { 0, 13, 1519, 2049, 65535 };
	uint8_t frame[60] = { 0 };
	size_t length;

	started();
	for (unsigned i = 0; i < 5; i++)
		fake_e1000_receive_as(frame, sizeof(frame), GOOD, 0, lies[i]);
	cr_assert_null(nic->ops->recv(nic, &length));
	cr_assert_eq(nic->counters.recv_malformed, 5);
}

Test(e1000, a_frame_spread_over_buffers_is_dropped_to_its_last_piece)
{
	uint8_t piece[1000] = { 1 }, good[64] = { 7 };
	size_t length;

	started();
	fake_e1000_receive_as(piece, sizeof(piece), RXD_STATUS_DD, 0, sizeof(piece));
	fake_e1000_receive_as(piece, sizeof(piece), RXD_STATUS_DD, 0, sizeof(piece));
	fake_e1000_receive_as(piece, sizeof(piece), GOOD, 0, sizeof(piece));
	fake_e1000_receive(good, sizeof(good));
	cr_assert_eq(*nic->ops->recv(nic, &length), 7);
	cr_assert_null(nic->ops->recv(nic, &length));
	cr_assert_eq(nic->counters.recv_malformed, 3);
}

Test(e1000, a_transmitter_that_stands_still_is_restarted)
{
	started();
	fake_e1000.tx_stopped = true;
	cr_assert(send(1, 100));
	nic->ops->flush(nic);
	for (unsigned half_seconds = 0; half_seconds < 6; half_seconds++) {
		nic->ops->check(nic, fake_now_ns);
		fake_now_ns += 500000000ull;
	}
	cr_assert_eq(nic->counters.restarts, 1);
	cr_assert_eq(fake_e1000.resets, 2);
	cr_assert(send(2, 100));
	nic->ops->flush(nic);
	cr_assert_eq(fake_e1000.sent, 1);
}

Test(e1000, a_transmitter_without_link_is_not_restarted)
{
	started();
	fake_e1000.tx_stopped = true;
	fake_e1000.link = false;
	cr_assert(send(1, 100));
	nic->ops->flush(nic);
	for (unsigned half_seconds = 0; half_seconds < 20; half_seconds++) {
		nic->ops->check(nic, fake_now_ns);
		fake_now_ns += 500000000ull;
	}
	cr_assert_eq(nic->counters.restarts, 0);
}

Test(e1000, a_card_that_is_gone_has_no_link_and_takes_no_frames)
{
	started();
	fake_e1000.gone = true;
	cr_assert_not(nic->ops->link_up(nic));
	cr_assert_null(nic->ops->send_buffer(nic));
}

static bool line_up(void)
{
	return fake_e1000.icr & fake_e1000.ims;
}

Test(e1000, interrupts_once_after_it_was_armed)
{
	uint8_t frame[60] = { 0 };

	started();
	nic->ops->arm(nic);
	cr_assert_not(line_up());
	fake_e1000_receive(frame, sizeof(frame));
	cr_assert(line_up());
	fake_irq();
	cr_assert_not(line_up());
	cr_assert_eq(nic->counters.interrupts, 1);
	fake_e1000_receive(frame, sizeof(frame));
	cr_assert_not(line_up());
}

Test(e1000, a_frame_that_came_before_it_was_armed_interrupts_at_once)
{
	uint8_t frame[60] = { 0 };

	started();
	fake_e1000_receive(frame, sizeof(frame));
	cr_assert_not(line_up());
	nic->ops->arm(nic);
	cr_assert(line_up());
}

Test(e1000, an_interrupt_of_another_device_on_its_line_leaves_it_armed)
{
	uint8_t frame[60] = { 0 };

	started();
	nic->ops->arm(nic);
	fake_irq();
	cr_assert_eq(nic->counters.interrupts, 0);
	fake_e1000_receive(frame, sizeof(frame));
	cr_assert(line_up());
}
