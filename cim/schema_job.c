/* SPDX-License-Identifier: MIT */
/* Schema: jobs and errors. */
#include "schema.h"
#include "schema_macros.h"

static const struct cim_field job_props[] = {
	PROP(BOOLEAN, DeleteOnCompletion, WRITE),
	PROP(STRING, JobStatus, 0),
	PROP(DATETIME, TimeSubmitted, 0),
	PROP(DATETIME, ScheduledStartTime, WRITE),
	PROP(DATETIME, StartTime, 0),
	PROP(DATETIME, ElapsedTime, 0),
	INIT(UINT32, JobRunTimes, WRITE, "1"),
	VALS(UINT8, RunMonth, WRITE, NULL,
		"0=January;1=February;2=March;3=April;4=May;5=June;6=July;7=August;8=September;"
		"9=October;10=November;11=December"),
	PROP(SINT8, RunDay, WRITE),
	VALS(SINT8, RunDayOfWeek, WRITE, NULL,
		"-7=-Saturday;-6=-Friday;-5=-Thursday;-4=-Wednesday;-3=-Tuesday;-2=-Monday;"
		"-1=-Sunday;0=ExactDayOfMonth;1=Sunday;2=Monday;3=Tuesday;4=Wednesday;"
		"5=Thursday;6=Friday;7=Saturday"),
	PROP(DATETIME, RunStartInterval, WRITE),
	VALS(UINT16, LocalOrUtcTime, WRITE, NULL,
		"1=Local Time;2=UTC Time"),
	PROP(DATETIME, UntilTime, WRITE),
	PROP(STRING, Notify, WRITE),
	PROP(STRING, Owner, 0),
	PROP(UINT32, Priority, WRITE),
	PROP(UINT16, PercentComplete, 0),
	PROP(UINT16, ErrorCode, 0),
	PROP(STRING, ErrorDescription, 0),
	VALS(UINT16, RecoveryAction, 0, NULL,
		"0=Unknown;1=Other;2=Do Not Continue;3=Continue With Next Job;4=Re-run Job;"
		"5=Run Recovery Job"),
	PROP(STRING, OtherRecoveryAction, 0),
	END
};

static const struct cim_field job_kill_job[] = {
	PROP(BOOLEAN, DeleteOnKill, IN),
	END
};

static const struct cim_method job_methods[] = {
	{ "KillJob", CIM_UINT32,
	  "0=Success;1=Not Supported;2=Unknown;3=Timeout;4=Failed;6=Access Denied;"
	  "7=Not Found;..=DMTF Reserved;32768..65535=Vendor Specific", job_kill_job },
	{ NULL, 0, NULL, NULL }
};

CLASS(CIM_Job, &CIM_LogicalElement, "2.10.0", ABSTRACT, job_props, job_methods);

static const struct cim_field concrete_job_props[] = {
	VALS(UINT16, JobState, 0, NULL,
		"2=New;3=Starting;4=Running;5=Suspended;6=Shutting Down;7=Completed;"
		"8=Terminated;9=Killed;10=Exception;11=Service;12=Query Pending;"
		"13..32767=DMTF Reserved;32768..65535=Vendor Reserved"),
	PROP(DATETIME, TimeOfLastStateChange, 0),
	INIT(DATETIME, TimeBeforeRemoval, REQUIRED|WRITE, "00000000000500.000000:000"),
	PROP(STRING, MethodName, 0),
	PROP(STRING, JobInParameters, OBJECT),
	PROP(STRING, JobOutParameters, OBJECT),
	PROP(STRING, InstanceID, KEY),
	PROP(STRING, Name, REQUIRED),
	END
};

static const struct cim_field concrete_job_request_state_change[] = {
	VALS(UINT16, RequestedState, IN, NULL, cim_map_job_requested_state),
	PROP(DATETIME, TimeoutPeriod, IN),
	END
};

static const struct cim_field concrete_job_get_error[] = {
	EMBED(CIM_Error, Error, IN|OUT),
	END
};

static const struct cim_field concrete_job_get_errors[] = {
	EMBED(CIM_Error, Errors, IN|OUT|ARRAY),
	END
};

static const struct cim_method concrete_job_methods[] = {
	{ "RequestStateChange", CIM_UINT32, cim_map_return_job_state, concrete_job_request_state_change },
	{ "GetError", CIM_UINT32, cim_map_return_job_error, concrete_job_get_error },
	{ "GetErrors", CIM_UINT32, cim_map_return_job_error, concrete_job_get_errors },
	{ NULL, 0, NULL, NULL }
};

CLASS(CIM_ConcreteJob, &CIM_Job, "2.38.0", 0, concrete_job_props, concrete_job_methods);

static const struct cim_field message_props[] = {
	PROP(STRING, OwningEntity, REQUIRED),
	PROP(STRING, MessageID, REQUIRED),
	PROP(BOOLEAN, ContinuedInNextMessage, 0),
	PROP(STRING, Message, REQUIRED),
	PROP(STRING, MessageArguments, ARRAY),
	END
};

CLASS(CIM_Message, NULL, "2.30.0", ABSTRACT, message_props, NULL);

static const struct cim_field error_props[] = {
	VALS(UINT16, ErrorType, 0, NULL,
		"0=Unknown;1=Other;2=Communications Error;3=Quality of Service Error;"
		"4=Software Error;5=Hardware Error;6=Environmental Error;7=Security Error;"
		"8=Oversubscription Error;9=Unavailable Resource Error;"
		"10=Unsupported Operation Error;..=DMTF Reserved"),
	PROP(STRING, OtherErrorType, 0),
	VALS(UINT16, PerceivedSeverity, 0, NULL,
		"0=Unknown;1=Other;2=Information;3=Degraded/Warning;4=Minor;5=Major;6=Critical;"
		"7=Fatal/NonRecoverable;..=DMTF Reserved"),
	VALS(UINT16, ProbableCause, 0, NULL,
		"0=Unknown;1=Other;2=Adapter/Card Error;3=Application Subsystem Failure;"
		"4=Bandwidth Reduced;5=Connection Establishment Error;"
		"6=Communications Protocol Error;7=Communications Subsystem Failure;"
		"8=Configuration/Customization Error;9=Congestion;10=Corrupt Data;"
		"11=CPU Cycles Limit Exceeded;12=Dataset/Modem Error;13=Degraded Signal;"
		"14=DTE-DCE Interface Error;15=Enclosure Door Open;16=Equipment Malfunction;"
		"17=Excessive Vibration;18=File Format Error;19=Fire Detected;"
		"20=Flood Detected;21=Framing Error;22=HVAC Problem;23=Humidity Unacceptable;"
		"24=I/O Device Error;25=Input Device Error;26=LAN Error;"
		"27=Non-Toxic Leak Detected;28=Local Node Transmission Error;29=Loss of Frame;"
		"30=Loss of Signal;31=Material Supply Exhausted;32=Multiplexer Problem;"
		"33=Out of Memory;34=Output Device Error;35=Performance Degraded;"
		"36=Power Problem;37=Pressure Unacceptable;"
		"38=Processor Problem (Internal Machine Error);39=Pump Failure;"
		"40=Queue Size Exceeded;41=Receive Failure;42=Receiver Failure;"
		"43=Remote Node Transmission Error;44=Resource at or Nearing Capacity;"
		"45=Response Time Excessive;46=Retransmission Rate Excessive;47=Software Error;"
		"48=Software Program Abnormally Terminated;"
		"49=Software Program Error (Incorrect Results);50=Storage Capacity Problem;"
		"51=Temperature Unacceptable;52=Threshold Crossed;53=Timing Problem;"
		"54=Toxic Leak Detected;55=Transmit Failure;56=Transmitter Failure;"
		"57=Underlying Resource Unavailable;58=Version Mismatch;"
		"59=Previous Alert Cleared;60=Login Attempts Failed;61=Software Virus Detected;"
		"62=Hardware Security Breached;63=Denial of Service Detected;"
		"64=Security Credential Mismatch;65=Unauthorized Access;66=Alarm Received;"
		"67=Loss of Pointer;68=Payload Mismatch;69=Transmission Error;"
		"70=Excessive Error Rate;71=Trace Problem;72=Element Unavailable;"
		"73=Element Missing;74=Loss of Multi Frame;75=Broadcast Channel Failure;"
		"76=Invalid Message Received;77=Routing Failure;78=Backplane Failure;"
		"79=Identifier Duplication;80=Protection Path Failure;81=Sync Loss or Mismatch;"
		"82=Terminal Problem;83=Real Time Clock Failure;84=Antenna Failure;"
		"85=Battery Charging Failure;86=Disk Failure;87=Frequency Hopping Failure;"
		"88=Loss of Redundancy;89=Power Supply Failure;90=Signal Quality Problem;"
		"91=Battery Discharging;92=Battery Failure;93=Commercial Power Problem;"
		"94=Fan Failure;95=Engine Failure;96=Sensor Failure;97=Fuse Failure;"
		"98=Generator Failure;99=Low Battery;100=Low Fuel;101=Low Water;"
		"102=Explosive Gas;103=High Winds;104=Ice Buildup;105=Smoke;"
		"106=Memory Mismatch;107=Out of CPU Cycles;108=Software Environment Problem;"
		"109=Software Download Failure;110=Element Reinitialized;111=Timeout;"
		"112=Logging Problems;113=Leak Detected;114=Protection Mechanism Failure;"
		"115=Protecting Resource Failure;116=Database Inconsistency;"
		"117=Authentication Failure;118=Breach of Confidentiality;119=Cable Tamper;"
		"120=Delayed Information;121=Duplicate Information;122=Information Missing;"
		"123=Information Modification;124=Information Out of Sequence;125=Key Expired;"
		"126=Non-Repudiation Failure;127=Out of Hours Activity;128=Out of Service;"
		"129=Procedural Error;130=Unexpected Information;..=DMTF Reserved"),
	PROP(STRING, ProbableCauseDescription, 0),
	PROP(STRING, RecommendedActions, ARRAY),
	PROP(STRING, ErrorSource, 0),
	VALS(UINT16, ErrorSourceFormat, 0, "0",
		"0=Unknown;1=Other;2=CIMObjectPath;..=DMTF Reserved"),
	PROP(STRING, OtherErrorSourceFormat, 0),
	VALS(UINT32, CIMStatusCode, 0, NULL,
		"1=CIM_ERR_FAILED;2=CIM_ERR_ACCESS_DENIED;3=CIM_ERR_INVALID_NAMESPACE;"
		"4=CIM_ERR_INVALID_PARAMETER;5=CIM_ERR_INVALID_CLASS;6=CIM_ERR_NOT_FOUND;"
		"7=CIM_ERR_NOT_SUPPORTED;8=CIM_ERR_CLASS_HAS_CHILDREN;"
		"9=CIM_ERR_CLASS_HAS_INSTANCES;10=CIM_ERR_INVALID_SUPERCLASS;"
		"11=CIM_ERR_ALREADY_EXISTS;12=CIM_ERR_NO_SUCH_PROPERTY;"
		"13=CIM_ERR_TYPE_MISMATCH;14=CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED;"
		"15=CIM_ERR_INVALID_QUERY;16=CIM_ERR_METHOD_NOT_AVAILABLE;"
		"17=CIM_ERR_METHOD_NOT_FOUND;18=CIM_ERR_UNEXPECTED_RESPONSE;"
		"19=CIM_ERR_INVALID_RESPONSE_DESTINATION;20=CIM_ERR_NAMESPACE_NOT_EMPTY;"
		"21=CIM_ERR_INVALID_ENUMERATION_CONTEXT;22=CIM_ERR_INVALID_OPERATION_TIMEOUT;"
		"23=CIM_ERR_PULL_HAS_BEEN_ABANDONED;24=CIM_ERR_PULL_CANNOT_BE_ABANDONED;"
		"25=CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED;"
		"26=CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED;"
		"27=CIM_ERR_SERVER_LIMITS_EXCEEDED;28=CIM_ERR_SERVER_IS_SHUTTING_DOWN;"
		"29=CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED;..=DMTF Reserved"),
	PROP(STRING, CIMStatusCodeDescription, 0),
	END
};

CLASS(CIM_Error, &CIM_Message, "2.30.0", INDICATION, error_props, NULL);
