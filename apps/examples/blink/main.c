/* Blink: what Arduino's first program does with its LED. A PC has a screen, and a speaker on its board.
 *
 *     make run APP=apps/examples/blink DISPLAY=std
 *
 * What you will see, twice a second:
 *
 *     the middle of the screen turns: white black
 *     the speaker plays: 440 Hz
 *     you type: q
 *     app: left by a key
 *
 * A machine without a screen, or without a speaker, does without. */
#include <stddef.h>

#include <ingot/console.h>
#include <ingot/display.h>
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/time.h>

enum { TONE_HZ = 440, HALF_NS = 250000000 };

/* Channel 2 of the 8254 timer divides its clock; two bits of port 0x61 let the result through to the speaker.
 * Source: Intel, "8254 Programmable Interval Timer", "Control Word Format"; chipset data sheets, "NMI Status and Control" (port 0x61). */
enum {
    PIT_HZ = 1193182,
    PIT_CHANNEL2 = 0x42, PIT_CONTROL = 0x43, PORT_SPEAKER = 0x61,
    CONTROL_SQUARE = 0xb6,               /* channel 2, low byte then high byte, mode 3: a square wave */
    SPEAKER_ON = 3,                      /* [1:0] the channel counts, and is heard */
    SPEAKER_KEEP = 0x0c,                 /* [3:2] are not ours; what is above them can only be read */
};

static void speaker(bool on)
{
    uint16_t divisor = PIT_HZ / TONE_HZ;

    port_write8(PIT_CONTROL, CONTROL_SQUARE);
    port_write8(PIT_CHANNEL2, (uint8_t)divisor);
    port_write8(PIT_CHANNEL2, (uint8_t)(divisor >> 8));
    port_write8(PORT_SPEAKER, (uint8_t)((port_read8(PORT_SPEAKER) & SPEAKER_KEEP) | (on ? SPEAKER_ON : 0)));
}

static void square(const struct display *screen, bool on)
{
    uint8_t level = on ? 255 : 0;
    uint32_t side = screen->height / 3;

    display_fill(screen, (screen->width - side) / 2, (screen->height - side) / 2, side, side,
                 display_color(screen, level, level, level));
    write_combining_flush();
}

int main(void)
{
    const struct display *screen = display(0);
    uint64_t next_ns = time_ns();

    display_take();                      /* the log does without the screen meanwhile */
    for (bool on = true; ; on = !on) {
        if (screen)
            square(screen, on);
        speaker(on);
        next_ns += HALF_NS;
        if (console_key(next_ns) >= 0)   /* sleeps until then, or until a key is pressed */
            break;
    }
    speaker(false);
    display_release();
    log_info("left by a key");
    return 0;
}
