/* Compiled for CPUs with AVX2: on others it is not to begin. */
#include <stdio.h>

int main(void)
{
    volatile float sum = 0;

    for (int i = 0; i < 100; i++)
        sum += (float)i;
    printf("sum %g\n", (double)sum);
    return 0;
}
