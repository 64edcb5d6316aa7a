/* The ACPI reader against tables of our own: one rule a test. Real machines' tables are in test_acpi_corpus.c. */
#include "acpi_draft.h"

int main(void)
{
    return run_root_rules() + run_fadt_rules() + run_madt_rules() + run_device_rules() + run_aml_rules() + run_info_rules();
}
