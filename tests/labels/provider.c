/* A provider of security labels, which PostgreSQL itself has none of. */
#include "postgres.h"
#include "commands/seclabel.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

void _PG_init(void);

static void
accept_any(const ObjectAddress *object, const char *label)
{
}

void
_PG_init(void)
{
	register_label_provider("Test provider", accept_any);
}
