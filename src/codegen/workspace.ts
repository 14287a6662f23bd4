// The functions of a module and the arrays that they work in together, before it is known in which language they are printed:
// all are drafted, within a limit on memory if there is one, then arrays are given out and get their names.

import { estimateSize, type Size, sameSize } from '../ir/size.ts';
import { type Draft, draftOf, type Task } from './drafts.ts';
import { PANELS, type Panel } from './loops/panel.ts';
import type { SharedArray } from './loops/sharing.ts';
import { type ArrayTarget, type MemoryLimit, type MemoryReport, planned, share } from './memory-plan.ts';
import type { Names } from './names.ts';

/** An array of the workspace, and the functions that work in it. */
export interface WorkspaceArray {
  readonly name: string;
  readonly length: Size;
  readonly users: ReadonlySet<string>;
}

/** A function as it will be printed. */
export interface PlannedFunction {
  readonly draft: Draft;
  /** The array that a name in the statements stands for. */
  readonly arrayName: (name: string) => string;
  /** The length of a buffer whose array is longer. */
  readonly lengthOf: (name: string) => Size | undefined;
}

export interface Workspace {
  readonly arrays: readonly WorkspaceArray[];
  /** In the order of the tasks. */
  readonly functions: readonly PlannedFunction[];
  readonly panel: Panel;
  /** What a limit has cost. */
  readonly memory: MemoryReport | undefined;
}

/** Drafts all functions and gives them arrays, whose names are taken from `scope`. */
export function workspaceOf(
  tasks: readonly Task[],
  target: ArrayTarget,
  scope: Names,
  limit: MemoryLimit | undefined,
): Workspace {
  const plan = limit && planned(tasks, limit, target);
  const drafts = plan?.drafts ?? tasks.map(task => draftOf(task));
  const { arrays: shared } = plan?.shared ?? share(tasks, drafts, target.isLate, estimateSize);
  // An array has one name in all functions, which none of them uses for anything else.
  const others = new Set(drafts.flatMap(({ declared }) => [...declared]));
  const arrays = new Map<SharedArray, WorkspaceArray & { readonly users: Set<string> }>();
  for (const [k, own] of shared.entries()) {
    for (const array of own.values()) {
      const known = arrays.get(array);
      const { length } = array;
      if (known !== undefined) known.users.add(tasks[k].name);
      else
        arrays.set(array, { name: scope.take(array.name, others), length, users: new Set([tasks[k].name]) });
    }
  }
  const functions = drafts.map((draft, k): PlannedFunction => {
    const arrayOf = (name: string) => shared[k].get(name);
    return {
      draft,
      arrayName: name => {
        const array = arrayOf(name);
        return array === undefined ? name : arrays.get(array)!.name;
      },
      lengthOf: name => {
        const length = draft.buffers.get(name);
        const array = arrayOf(name);
        return length === undefined || array === undefined || sameSize(array.length, length)
          ? undefined
          : length;
      },
    };
  });
  return {
    arrays: [...arrays.values()],
    functions,
    panel: plan?.panel ?? PANELS[0],
    memory: plan?.report,
  };
}
