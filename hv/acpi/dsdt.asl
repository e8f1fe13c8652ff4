// SPDX-License-Identifier: MIT
// dsdt.asl: the devices a guest can't find by itself. Addresses and interrupts as in hv/machine.h and hv/dev.
DefinitionBlock ("dsdt.aml", "DSDT", 2, "TERN", "TERNDSDT", 0x00000001)
{
	// SLP_TYP of soft off for PM1a and PM1b: PM_S5 of hv/dev/pm.h.
	Name (\_S5, Package () { 0x00, 0x00, 0x00, 0x00 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, Zero)
			Name (_BBN, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0x0000, 0x0000, 0x0000, 0x0000, 0x0001)
				IO (Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0x0000, 0x0000, 0x0CF7, 0x0000, 0x0CF8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0x0000, 0x0D00, 0xFFFF, 0x0000, 0xF300)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0x00000000, 0xC0000000, 0xFEBFFFFF, 0x00000000, 0x3EC00000)
			})

			// What is behind the bridge without being a PCI device.
			Device (ISA0)
			{
				Name (_ADR, 0x001F0000)

				Device (COM1)
				{
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, One)
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x03F8, 0x03F8, 0x00, 0x08)
						IRQNoFlags () { 4 }
					})
				}

				Device (RTC)
				{
					Name (_HID, EisaId ("PNP0B00"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0070, 0x0070, 0x00, 0x02)
						IRQNoFlags () { 8 }
					})
				}

				Device (TIMR)
				{
					Name (_HID, EisaId ("PNP0100"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0040, 0x0040, 0x00, 0x04)
						IRQNoFlags () { 0 }
					})
				}
			}
		}

		// Ports that no driver may take: system control, POST, ELCR, the PM block.
		Device (MRES)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, One)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0061, 0x0061, 0x00, 0x01)
				IO (Decode16, 0x0080, 0x0080, 0x00, 0x01)
				IO (Decode16, 0x0092, 0x0092, 0x00, 0x01)
				IO (Decode16, 0x04D0, 0x04D0, 0x00, 0x02)
				IO (Decode16, 0x0600, 0x0600, 0x00, 0x0C)
			})
		}
	}
}
