/* SPDX-License-Identifier: MIT */
/* config_value.c: text to values, refusing whatever isn't wholly one. */
#include "config/config_value.h"
#include <string.h>
#include "config/config.h"
#include "lib/fmt.h"

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int hex(char c)
{
	if (digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads digits at *p up to @max; false if there are none or the number is larger. */
static bool decimal(const char **p, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!digit(**p))
		return false;
	for (; digit(**p); (*p)++) {
		uint64_t d = (uint64_t)(**p - '0');

		if (d > max || v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

static bool store(const struct config_key *key, void *base, uint64_t v)
{
	if (v < key->min || v > key->max)
		return false;
	/* Little-endian: the low bytes come first. */
	memcpy((char *)base + key->offset, &v, key->room);
	return true;
}

bool config_value_text(const struct config_key *key, void *base, const char *text)
{
	size_t n = strlen(text);

	if (n < key->min || n >= key->room)
		return false;
	memcpy((char *)base + key->offset, text, n + 1);
	return true;
}

bool config_value_name(const struct config_key *key, void *base, const char *text)
{
	if (!letter(*text) && !digit(*text))
		return false;
	for (const char *p = text; *p; p++)
		if (!letter(*p) && !digit(*p) && *p != '.' && *p != '_' && *p != '-')
			return false;
	return config_value_text(key, base, text);
}

bool config_value_uuid(const struct config_key *key, void *base, const char *text)
{
	char *out = (char *)base + key->offset;

	if (strlen(text) != 36)
		return false;
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : hex(text[i]) < 0)
			return false;
	}
	for (unsigned i = 0; i < 36; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
	out[36] = '\0';
	return true;
}

bool config_value_number(const struct config_key *key, void *base, const char *text)
{
	uint64_t v;

	return decimal(&text, UINT64_MAX, &v) && !*text && store(key, base, v);
}

static bool size(const char *text, uint64_t *v)
{
	static const char suffix[] = "KMG";
	const char *at;

	if (!decimal(&text, UINT64_MAX >> 30, v))
		return false;
	if (!*text)
		return true;
	at = strchr(suffix, *text >= 'a' && *text <= 'z' ? *text - 32 : *text);
	if (!at || text[1])
		return false;
	*v <<= 10 * (at - suffix + 1);
	return true;
}

bool config_value_size(const struct config_key *key, void *base, const char *text)
{
	uint64_t v;

	return size(text, &v) && (v == 0 || v >= key->min) && v <= key->max &&
	       (memcpy((char *)base + key->offset, &v, key->room), true);
}

bool config_value_memory(const struct config_key *key, void *base, const char *text)
{
	uint64_t v;

	return size(text, &v) && v % (2u << 20) == 0 && store(key, base, v);
}

bool config_value_word(const struct config_key *key, void *base, const char *text)
{
	for (const struct config_word *w = key->word; w->word; w++)
		if (!strcmp(w->word, text)) {
			uint64_t v = w->value;

			memcpy((char *)base + key->offset, &v, key->room);
			return true;
		}
	return false;
}

bool config_value_mac(const struct config_key *key, void *base, const char *text)
{
	uint8_t mac[6], any = 0;

	for (unsigned i = 0; i < 6; i++, text += 3) {
		int high = hex(text[0]), low = high < 0 ? -1 : hex(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
		any |= mac[i];
	}
	if (mac[0] & 1 || !any)		/* a group address, or nobody's */
		return false;
	memcpy((char *)base + key->offset, mac, 6);
	return true;
}

static bool ipv4(const char **p, uint32_t *out)
{
	uint64_t part;

	*out = 0;
	for (unsigned i = 0; i < 4; i++) {
		if (i && *(*p)++ != '.')
			return false;
		if (!decimal(p, 255, &part))
			return false;
		*out = *out << 8 | (uint32_t)part;
	}
	return true;
}

/* a.b.c.d/len; without /len it is /32. */
static bool prefix(const char *text, uint32_t *address, uint32_t *mask, uint64_t *bits)
{
	*bits = 32;
	if (!ipv4(&text, address))
		return false;
	if (*text == '/') {
		text++;
		if (!decimal(&text, 32, bits))
			return false;
	}
	*mask = *bits ? 0xffffffffu << (32 - *bits) : 0;
	return !*text;
}

static bool unicast(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe;
}

bool config_value_ipv4(const struct config_key *key, void *base, const char *text)
{
	uint32_t address;

	if (!ipv4(&text, &address) || *text || !unicast(address))
		return false;
	memcpy((char *)base + key->offset, &address, sizeof(address));
	return true;
}

bool config_value_net_address(const struct config_key *key, void *base, const char *text)
{
	struct config *c = base;
	uint32_t address, mask;
	uint64_t bits;

	(void)key;
	if (!strcmp(text, "dhcp")) {
		c->dhcp = true;
		return true;
	}
	if (!strchr(text, '/') || !prefix(text, &address, &mask, &bits) || bits < 8 || bits > 30)
		return false;
	if (!unicast(address) || !(address & ~mask) || (address | mask) == 0xffffffffu)
		return false;
	c->dhcp = false;
	c->ipv4 = address;
	c->netmask = mask;
	return true;
}

bool config_value_accept_from(const struct config_key *key, void *base, const char *text)
{
	struct config *c = base;
	uint32_t address, mask;
	uint64_t bits;

	(void)key;
	if (!prefix(text, &address, &mask, &bits)) {
		/* A slip here must not open the door: nobody is 255.255.255.255. */
		c->accept_from_ipv4 = c->accept_from_mask = 0xffffffffu;
		return false;
	}
	c->accept_from_ipv4 = address & mask;
	c->accept_from_mask = mask;
	return true;
}

/* A slip must not open a door. */
static bool nobody(struct config_range *range)
{
	range[0] = (struct config_range){ 0xffffffffu, 0xffffffffu };
	return false;
}

bool config_value_ranges(const struct config_key *key, void *base, const char *text)
{
	struct config_range *range = (void *)((uint8_t *)base + key->offset);
	unsigned n = 0, room = (unsigned)(key->room / sizeof(*range));
	bool anyone = false;

	memset(range, 0, key->room);
	for (const char *end; ; text = end + 1) {
		char one[32];
		uint32_t address, mask;
		uint64_t bits;
		size_t length;

		while (*text == ' ' || *text == '\t')
			text++;
		end = strchr(text, ',');
		length = end ? (size_t)(end - text) : strlen(text);
		while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
			length--;
		if (length >= sizeof(one) || n == room)
			return nobody(range);
		memcpy(one, text, length);
		one[length] = '\0';
		if (!prefix(one, &address, &mask, &bits))
			return nobody(range);
		range[n++] = (struct config_range){ address & mask, mask };
		anyone |= !mask;
		if (!end)
			break;
	}
	/* The first says it for all of them. */
	if (anyone)
		memset(range, 0, key->room);
	return true;
}

bool config_allows(const struct config_range *range, unsigned n, uint32_t ipv4)
{
	if (!range[0].ipv4 && !range[0].mask)
		return true;
	for (unsigned i = 0; i < n; i++)
		if ((range[i].ipv4 || range[i].mask) && (ipv4 & range[i].mask) == (range[i].ipv4 & range[i].mask))
			return true;
	return false;
}
