/**
 * Descriptors: how many the process may have open, and where to stop before it has none left. Node raises
 * the limit to what the system allows when it starts; what is left is to know it.
 */

/** A connection whose descriptor has this number, or a higher one, is one too many. */
export interface DescriptorEdges {
  /** For clients' connections: a proxy whose clients took everything could not answer one of them. */
  clients: number;
  /** For backends' connections. */
  backends: number;
}

/** Left for files that are read and for replacing a worker, which needs some seven. */
const RESERVE = 32;
/** Of the rest this part is left to backends. */
const BACKENDS_SHARE = 1 / 20;

/** The edges under a limit. The system gives the lowest number that is free, so a number says how many there are. */
export function descriptorEdges(descriptorsMax: number): DescriptorEdges {
  if (descriptorsMax === Infinity) return { clients: Infinity, backends: Infinity };
  const backends = Math.max(descriptorsMax - RESERVE, Math.ceil(descriptorsMax / 2));
  return { clients: backends - Math.ceil(backends * BACKENDS_SHARE), backends };
}

/** The limit of open descriptors of this process, as it is now; Infinity where that is not known. */
export function descriptorLimit(): number {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Node tells it nowhere else; without looking up names for it, it takes two milliseconds.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isInteger(soft) && soft > 0 ? soft : Infinity;
}

/** True for an error that says that no descriptor is left. */
export function isDescriptorError({ code }: NodeJS.ErrnoException): boolean {
  return code === "EMFILE" || code === "ENFILE";
}
