/* Included before all else in an application's sources: a main() with another result does not compile. */
#pragma once

#ifndef __ASSEMBLER__
int main();                              /* (void) or (int argc, char **argv) */
#endif
