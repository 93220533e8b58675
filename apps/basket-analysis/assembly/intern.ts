import { compareBytes } from "./bytes";

/** Gives equal byte strings equal numbers, counted from 0 in order of first appearance. Keys stay where they are. */
export class Intern {
  count: i32 = 0;
  private mask: i32;
  private slots: StaticArray<i32>;
  private starts: StaticArray<usize>;
  private lengths: StaticArray<i32>;

  /** `capacity`: the most distinct keys that can come; the table is at most half full. */
  constructor(capacity: i32) {
    let size = 16;
    while (size < capacity * 2) size <<= 1;
    this.mask = size - 1;
    this.slots = new StaticArray<i32>(size);
    this.starts = new StaticArray<usize>(capacity);
    this.lengths = new StaticArray<i32>(capacity);
  }

  start(id: i32): usize {
    return this.starts[id];
  }

  length(id: i32): i32 {
    return this.lengths[id];
  }

  add(start: usize, length: i32): i32 {
    // FNV-1a. Slots hold id + 1, so that zero means empty.
    let hash: u32 = 0x811c9dc5;
    for (let i = 0; i < length; i++) hash = (hash ^ load<u8>(start + i)) * 0x01000193;
    let slot = <i32>(hash ^ (hash >> 15)) & this.mask;
    for (;;) {
      const entry = this.slots[slot];
      if (entry == 0) break;
      const id = entry - 1;
      if (this.lengths[id] == length && memory.compare(this.starts[id], start, length) == 0) return id;
      slot = (slot + 1) & this.mask;
    }
    const id = this.count++;
    this.slots[slot] = id + 1;
    this.starts[id] = start;
    this.lengths[id] = length;
    return id;
  }

  /** The numbers in byte order of their keys. */
  sorted(): StaticArray<i32> {
    const order = new StaticArray<i32>(this.count);
    for (let i = 0; i < this.count; i++) order[i] = i;
    mergeSort(order, this);
    return order;
  }

  compare(a: i32, b: i32): i32 {
    return compareBytes(this.starts[a], this.lengths[a], this.starts[b], this.lengths[b]);
  }
}

function mergeSort(items: StaticArray<i32>, keys: Intern): void {
  const count = items.length;
  let from = items;
  let into = new StaticArray<i32>(count);
  for (let width = 1; width < count; width <<= 1) {
    for (let low = 0; low < count; low += width << 1) {
      const middle = min(low + width, count);
      const high = min(low + (width << 1), count);
      let left = low;
      let right = middle;
      for (let at = low; at < high; at++) {
        if (left < middle && (right >= high || keys.compare(from[left], from[right]) <= 0)) into[at] = from[left++];
        else into[at] = from[right++];
      }
    }
    const swap = from;
    from = into;
    into = swap;
  }
  if (from !== items) for (let i = 0; i < count; i++) items[i] = from[i];
}
