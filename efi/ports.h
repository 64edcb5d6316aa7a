/* Serial ports that come to be known while the loader runs. Boot CPU, before ExitBootServices is first called. */
#pragma once

#include "efi/serial.h"

/* Adds a port and tells it, and the log, what it has missed. False: nothing answers there. */
bool port_join(const struct serial_port *place);
