/*
 * A stream that may drop, garble or echo bytes, as a serial line does: each line carries its sender, a number and a checksum, and
 * none is longer than 200 bytes.
 *
 *     @D 2f 1c291ca3 . warden probe id=2
 *     @W 31 9a0b33f1 + agent ok id=7 ret=4711 ...
 *
 * `D` is the driver and `W` the warden; the number counts the sender's frames in hexadecimal from 1; then comes the CRC-32 (IEEE
 * 802.3) of the sender's letter, the number, `+` or `.` and the text, separated by single spaces. `+` means that the line
 * continues in the next frame. Anything that is not a frame is noise. The warden repeats `hello` until it gets an answer.
 */

static uint32_t crc32_of(const char *bytes, size_t n)
{
    uint32_t crc = 0xffffffffU;
    int bit;
    while (n-- != 0) {
        crc ^= (unsigned char)*bytes++;
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

static void add_hex(struct text *t, uint32_t n, int digits)
{
    int at = 28;
    while (at > 0 && n >> at == 0 && at / 4 >= digits)
        at -= 4;
    for (; at >= 0; at -= 4)
        add_bytes(t, &"0123456789abcdef"[n >> at & 15], 1);
}

/* Adds one line as frames. */
static void add_frames(struct text *t, const char *line, size_t n)
{
    struct text body = { NULL, 0, 0 };
    do {
        size_t part = n < FRAME_MOST - FRAME_HEAD ? n : FRAME_MOST - FRAME_HEAD;
        size_t kind_at;
        char shown[8];
        struct text crc = { NULL, 0, 0 };
        clear(&body);
        add(&body, "W ");
        add_hex(&body, ++frames.sent, 1);
        kind_at = body.len;
        add(&body, part < n ? " + " : " . ");
        add_bytes(&body, line, part);
        add_hex(&crc, crc32_of(body.at, body.len), 8);
        memcpy(shown, crc.at, 8);
        add(t, "@");
        add_bytes(t, body.at, kind_at);
        add(t, " ");
        add_bytes(t, shown, 8);
        add_bytes(t, body.at + kind_at, body.len - kind_at);
        add(t, "\n");
        free(crc.at);
        line += part;
        n -= part;
    } while (n != 0);
    free(body.at);
}

static void tell_line_error(const char *why, unsigned number)
{
    struct text t = { NULL, 0, 0 };
    add(&t, "line-error");
    put(&t, "why", why);
    put_number(&t, "frame", number);
    tell(&t);
}

/* Takes one line of the stream; when it returns 1, the driver's whole line is in frames.line. */
static int take_frame(char *bytes, size_t n)
{
    struct text body = { NULL, 0, 0 };
    char *at, *end;
    unsigned number, crc;
    if (n > 0 && bytes[n - 1] == '\r')
        n--;
    bytes[n] = 0;
    at = strstr(bytes, "@D ");
    /* Noise, and the echo of what we sent. */
    if (at == NULL)
        return 0;
    number = (unsigned)strtoul(at + 3, &end, 16);
    if (end == at + 3 || *end != ' ') {
        tell_line_error("a frame has no number", frames.received + 1);
        return 0;
    }
    add_bytes(&body, at + 1, (size_t)(end - at) - 1);
    at = end + 1;
    crc = (unsigned)strtoul(at, &end, 16);
    if (end != at + 8 || strlen(end) < 3 || end[0] != ' ' || (end[1] != '+' && end[1] != '.') || end[2] != ' ') {
        tell_line_error("a frame was cut", frames.received + 1);
        free(body.at);
        return 0;
    }
    add(&body, end);
    if (crc32_of(body.at, body.len) != crc) {
        tell_line_error("a frame was garbled", frames.received + 1);
        free(body.at);
        return 0;
    }
    free(body.at);
    frames.heard = 1;
    if (number == 1) {
        /* The driver has restarted. */
        frames.received = 0;
        frames.line.len = 0;
    }
    if (number != frames.received + 1) {
        tell_line_error(number <= frames.received ? "a frame came twice" : "frames were dropped", frames.received + 1);
        frames.line.len = 0;
    }
    frames.received = number;
    add(&frames.line, end + 3);
    return end[1] == '.';
}

static void say_hello_again(void)
{
    struct text t = { NULL, 0, 0 };
    if (!waits_to_be_heard() || now_us() < frames.hello_at)
        return;
    frames.hello_at = now_us() + HELLO_US;
    add(&t, "hello framed=1");
    put(&t, "version", WAITSPEC_VERSION);
    tell(&t);
    flush_lines();
}
