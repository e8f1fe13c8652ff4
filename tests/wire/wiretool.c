/* SPDX-License-Identifier: MIT */
/* wiretool.c: records migrations of the real code for the reader, and lets the real code judge recordings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "wire_play.h"

#define INPUT_MAX (4u << 20)

static const char *const scenes[] = {
#define NAME(name, meaning) #name,
	WIRE_SCENES(NAME)
#undef NAME
};

static void save(const char *folder, const char *name, const char *what, const void *bytes, size_t length)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, what);
	f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, length, f) != length || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* The guest's memory as it is where it was last. */
static void save_memory(struct pair *p, const char *folder, const char *name)
{
	struct mig_guest *g = &p->host[0].guest[0]->guest;
	uint8_t *memory = calloc(1, 2 * WIRE_MIB);

	for (uint64_t pfn = 0; pfn < 2 * WIRE_MIB / PAGE_SIZE; pfn++)
		if (g->ops->page(g, pfn))
			memcpy(memory + pfn * PAGE_SIZE, g->ops->page(g, pfn), PAGE_SIZE);
	save(folder, name, "memory", memory, 2 * WIRE_MIB);
	free(memory);
}

static int record(const char *folder, const char *name)
{
	static struct pair p;
	struct wire_recording r;

	for (int scene = 0; scene < WIRE_SCENE_COUNT; scene++) {
		if (name && strcmp(name, scenes[scene]))
			continue;
		wire_record(&p, (enum wire_scene)scene, &r);
		save(folder, scenes[scene], "source", r.bytes[0], r.length[0]);
		save(folder, scenes[scene], "destination", r.bytes[1], r.length[1]);
		if (p.host[0].guests)
			save_memory(&p, folder, scenes[scene]);
		free(r.bytes[0]);
		free(r.bytes[1]);
		pair_fini(&p);
	}
	return 0;
}

/* Standard input: cases {live u32: 0 a real destination, 1 a real source; two lengths u32; both directions}. */
static int judge(void)
{
	static struct pair p;
	struct wire_verdict v;
	uint8_t head[12];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		struct wire_recording r;

		for (int side = 0; side < 2; side++) {
			r.length[side] = le32_get(head + 4 + 4 * side);
			if (r.length[side] > INPUT_MAX)
				return 1;
			r.bytes[side] = malloc(r.length[side] + 1);
			if (fread(r.bytes[side], 1, r.length[side], stdin) != r.length[side])
				return 1;
		}
		if (le32_get(head))
			wire_play_destination(&p, &r, &v);
		else
			wire_play_source(&p, &r, &v);
		printf("%s %016llx %016llx %s\n", v.complete ? "complete" : "refused", (unsigned long long)v.digest,
		       (unsigned long long)v.memory_hash, v.text);
		fflush(stdout);
		pair_fini(&p);
		free(r.bytes[0]);
		free(r.bytes[1]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "record"))
		return record(argv[2], argc > 3 ? argv[3] : NULL);
	if (argc == 2 && !strcmp(argv[1], "judge"))
		return judge();
	fprintf(stderr, "usage: wiretool record FOLDER [SCENE] | wiretool judge\n");
	return 2;
}
