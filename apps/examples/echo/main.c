/* Serial echo: bytes come in on a serial port and go out again, small letters as capitals. Ctrl-D ends it.
 *
 *     make run APP=apps/examples/echo
 *
 * What you will see, typing on the serial port:
 *
 *     app: echo on io3f8, by interrupts; Ctrl-D ends
 *     you type: ingot 42
 *     INGOT 42...
 *     you type: Ctrl-D
 *     app: 8 bytes
 *
 * For text there is more comfort in <ingot/console.h>: keys of all ports and keyboards, and printf. */
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/time.h>

enum { CTRL_D = 4, LOOK_NS = 1000000 };  /* a look every millisecond: at 115,200 baud a FIFO of 16 bytes fills in 1.4 */

static char capital(int byte)
{
    return (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

int main(void)
{
    struct serial_port *port = serial_port(0);
    unsigned bytes = 0;

    if (!port) {
        log_error("this machine has no serial port");
        return 1;
    }
    log_info("echo on %s, %s; Ctrl-D ends", port->name, serial_listen() ? "by interrupts" : "by polling");
    for (int byte; (byte = serial_read()) != CTRL_D;) {
        if (byte < 0) {
            cpu_sleep_until(time_ns() + LOOK_NS);
            continue;
        }
        serial_write(port, &(char){ capital(byte) }, 1);
        bytes++;
    }
    serial_write(port, "\r\n", 2);
    log_info("%u bytes", bytes);
    return 0;
}
