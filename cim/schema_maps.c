/* SPDX-License-Identifier: MIT */
/* Schema: value maps that more than one method or parameter uses. */
#include "schema.h"
#include "schema_macros.h"

const char cim_map_return_migrate[] =
	"0=Completed with No Error;1=Not Supported;2=Failed;3=Timeout;"
	"4=Invalid Parameter;5=Invalid State;6=Incompatible Parameters;"
	"..=DMTF Reserved;4096=Method Parameters Checked - Job Started;"
	"4097..32767=Method Reserved;32768..65535=Vendor Specific";
const char cim_map_return_check[] =
	"0=Completed with No Error;1=Not Supported;2=Failed;3=Timeout;"
	"4=Invalid Parameter;5=Invalid State;6=Incompatible Parameters;"
	"..=DMTF Reserved;4097..32767=Method Reserved;32768..65535=Vendor Specific";
const char cim_map_return_job_error[] =
	"0=Success;1=Not Supported;2=Unspecified Error;3=Timeout;4=Failed;"
	"5=Invalid Parameter;6=Access Denied;..=DMTF Reserved;"
	"32768..65535=Vendor Specific";
const char cim_map_return_job_state[] =
	"0=Completed with No Error;1=Not Supported;2=Unknown/Unspecified Error;"
	"3=Can NOT complete within Timeout Period;4=Failed;5=Invalid Parameter;"
	"6=In Use;..=DMTF Reserved;4096=Method Parameters Checked - Transition Started;"
	"4097=Invalid State Transition;4098=Use of Timeout Parameter Not Supported;"
	"4099=Busy;4100..32767=Method Reserved;32768..65535=Vendor Specific";
const char cim_map_return_state[] =
	"0=Completed with No Error;1=Not Supported;2=Unknown or Unspecified Error;"
	"3=Cannot complete within Timeout Period;4=Failed;5=Invalid Parameter;6=In Use;"
	"..=DMTF Reserved;4096=Method Parameters Checked - Job Started;"
	"4097=Invalid State Transition;4098=Use of Timeout Parameter Not Supported;"
	"4099=Busy;4100..32767=Method Reserved;32768..65535=Vendor Specific";
const char cim_map_return_force[] =
	"0=Completed with No Error;1=Not Supported;2=Unknown/Unspecified Error;4=Failed;"
	"5=Invalid Parameter;..=DMTF Reserved;4097=Invalid State;32768=Risk Not Accepted;"
	"32769..65535=Vendor Specific";
const char cim_map_requested_state[] =
	"2=Enabled;3=Disabled;4=Shut Down;6=Offline;7=Test;8=Defer;9=Quiesce;10=Reboot;"
	"11=Reset;..=DMTF Reserved;32768..65535=Vendor Reserved";
const char cim_map_job_requested_state[] =
	"2=Start;3=Suspend;4=Terminate;5=Kill;6=Service;7..32767=DMTF Reserved;"
	"32768..65535=Vendor Reserved";
