/* SPDX-License-Identifier: MIT */
/* prov_job.h: migration jobs as CIM instances, and the object of a job number. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "provider.h"

/* The object of job @id as it stands now; false if the job is gone. */
bool job_object(uint32_t id, struct obj *out);
