// The lane of runs that have none.

/** The SDK's internal queue, through which runs without a lane are taken up again. */
export const RECOVERY_LANE = '_dbos_internal_queue';
