/* The state of a framed stream; frame.c describes the format. */

#define FRAME_MOST 200
/* The header before the text: "@W ffffffff 12345678 . ". */
#define FRAME_HEAD 24
#define HELLO_US 1000000

static struct {
    int on, heard;
    unsigned sent, received;
    struct lines lines;
    struct text line;
    long long hello_at;
} frames;

/* Until the driver is heard from, it cannot know that there is a warden. */
static int waits_to_be_heard(void)
{
    return frames.on && !frames.heard;
}
