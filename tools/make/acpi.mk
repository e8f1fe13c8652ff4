# The guest's DSDT: ASL compiled to a C array that hv/acpi/acpi_tables.c includes.
$(B)/acpi/dsdt.hex: hv/acpi/dsdt.asl $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)iasl -tc -p $(B)/acpi/dsdt $< >$(B)/acpi/dsdt.log 2>&1 || { cat $(B)/acpi/dsdt.log; exit 1; }

$(B)/obj/hv/acpi/acpi_tables.o $(FLAVOURS:%=$(B)/%/obj/hv/acpi/acpi_tables.o): $(B)/acpi/dsdt.hex
