/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include "arch/x86_64/serial.h"
#include "lib/fmt.h"
#include "lib/log.h"

#define STACK_MAX 65536u

/* Walks the frame pointers; the image is built with them. */
static void backtrace(void)
{
	extern char image_start[], image_text[], image_text_end[];
	const uint64_t *frame = __builtin_frame_address(0);

	for (int depth = 0; frame && depth < 16; depth++) {
		uint64_t ip = frame[1];

		if (ip < (uint64_t)image_text || ip >= (uint64_t)image_text_end)
			break;
		log_error("panic", "  called from image offset %llx", (unsigned long long)(ip - (uint64_t)image_start));
		/* An overrun array may have left anything here. */
		if (frame[0] <= (uint64_t)frame || frame[0] - (uint64_t)frame > STACK_MAX ||
		    frame[0] % sizeof(uint64_t))
			break;
		frame = (const uint64_t *)frame[0];
	}
}

void panic(const char *format, ...)
{
	static int nested;
	char text[240];
	va_list args;

	va_start(args, format);
	fmt_v(text, sizeof(text), format, args);
	va_end(args);
	serial_flush();
	log_error("panic", "%s", text);
	if (!nested++)
		backtrace();
	for (;;)
		__asm__ volatile("cli; hlt");
}
