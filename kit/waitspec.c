/*
 * waitspec-c: the warden, the agent and the child of waitspec in one C99 program, for systems with little but a C compiler.
 *
 *     cc -o waitspec-c waitspec.c              uses what the preprocessor knows
 *     ./build cc                               uses what kit/configure finds out by trying
 *
 * Each part is a file below src/; kit/amalgamate prints all of them as one file. README.md describes how to use it.
 */
#include "src/config.h"

#include "src/text.c"
#include "src/line.c"
#include "src/names.c"
#include "src/kinds.c"
#include "src/system.c"
#include "src/signals.c"
#include "src/calls.c"
#include "src/acts.c"
#include "src/confine.c"
#include "src/table.c"
#include "src/place.c"
#include "src/library.c"
#include "src/child.c"
#include "src/offspring.c"
#include "src/endings.c"
#include "src/steps.c"
#include "src/agent.c"
#include "src/requests.c"
#include "src/caller.c"
#include "src/staged.c"
#include "src/measure.c"
#include "src/further.c"
#include "src/shared.c"
#include "src/warden.c"
#include "src/warden_agent.c"
#include "src/stream.c"
#include "src/watch.c"
#include "src/sweep.c"
#include "src/serve.c"
#include "src/frame.c"
#include "src/main.c"
