#include "conformance.h"

int main(void)
{
    list_strings();
    list_formats();
    list_scans();
    list_numbers();
    list_math();
    list_time();
    list_files();
    list_control();
    puts("end of the list");
    return 0;
}
