// What the node answers under `/v1/admin`, as far as the console shows it.

export interface Status {
  is_clock_doubted: boolean;
  domain: string;
  peers: PeerLine[];
  forks: number;
  read_only: number;
  comparing: number;
  reports: number;
  strangers: Stranger[];
}

export interface PeerLine {
  domain: string;
  is_linked: boolean;
  faults: number;
  refused: number;
  void: number;
  denied: number;
  waiting: number;
}

export interface Stranger {
  kind: string;
  times: number;
  last_unix_ms: number;
  from?: string | null;
  domain?: string | null;
  code?: string | null;
}

/** Live figures; what a node does not tell is not shown. */
export interface Figures {
  version?: string;
  started_unix_ms?: number;
  connections?: number;
  messages_in_per_second?: number;
  messages_out_per_second?: number;
  latency_ms?: { p50: number; p99: number };
  store_bytes?: number;
  journal_bytes?: number;
  search_bytes?: number;
  queues?: Queue[];
}

export interface Queue {
  name: string;
  length: number;
  max?: number | null;
}

export interface Setting {
  key: string;
  value: unknown;
  /** Where it came from: `default`, a file, the environment, a flag. */
  from: string;
  default?: unknown;
  meaning?: string | null;
}

export interface User {
  name: string;
  display_name?: string | null;
  created_unix_ms: number;
  last_active_unix_ms?: number | null;
  devices: number;
  is_admin: boolean;
  is_suspended: boolean;
  is_deleted: boolean;
}

export interface UserPage {
  users: User[];
  more: boolean;
  total: number;
}

export type UserChange = { admin: boolean } | { suspended: boolean } | { password: string };

export interface Invite {
  id: string;
  uses: number;
  expires_unix_ms: number;
}

export interface NewInvite {
  token: string;
  expires_unix_ms: number;
}

export interface Group {
  channel: string;
  name: string;
  home: string;
  read_only: "newer" | "split" | null;
  waits_for: string[];
  invited: number;
  is_ungranted: boolean;
}

export interface VoidLine {
  record: string;
  unix_ms: number;
  what: string;
  by?: string | null;
}

export interface Reopening {
  base: string;
  voided: VoidLine[];
  unheard: string[];
}

export interface Report {
  number: number;
  unix_ms: number;
  from: string;
  reporter?: string | null;
  about: string;
  channel: string;
  message: string;
  said_unix_ms: number;
  reason: string;
  is_proven: boolean;
  sent_to?: string | null;
  closed_unix_ms?: number | null;
}

export interface ReportDetail extends Report {
  comment?: string | null;
  text?: string | null;
}

export interface Peer {
  domain: string;
  link: "dialling" | "down" | { up: { since_unix_ms: number; is_dialled: boolean } };
  down_since_unix_ms?: number | null;
  heard_unix_ms: number | null;
  backlog: { records: number; oldest_ms: number } | null;
  trouble: { code: string; why: string; unix_ms: number } | null;
  next_try_ms: number | null;
  bytes_per_minute: [to: number, from: number];
  records_per_minute: [to: number, from: number];
  key: string | null;
  proof: "dnssec" | "pin" | "web" | null;
  refused_key?: string | null;
  reports_dropped?: number;
  copies?: { theirs: number; ours: number; last_unix_ms: number } | null;
}

export type Stance = "allow" | "allow_named" | "block";

export interface Rule {
  stance: Stance;
  asks_per_hour: number | null;
  records_per_minute: number | null;
}

export interface RuleLine {
  domain: string;
  rule: Rule;
  since_unix_ms: number;
  groups: string[];
}

export interface Asking {
  domain: string;
  since_unix_ms: number;
  by_itself: boolean;
  by_ours: boolean;
}

export interface Policy {
  mode: string;
  rules: RuleLine[];
  asking: Asking[];
}

export interface Fork {
  id: string;
  domain: string;
  channel: string;
  record: number;
}

export interface Finding {
  grade: "ok" | "look" | "bad";
  about: string;
  found: string;
  todo?: string | null;
  records: string[];
}

/** Of a backlog no more records than these are counted. */
export const BACKLOG_COUNTED_MAX = 1_000;
export const INVITE_USES_MAX = 10_000;
export const PASSWORD_MIN = 8;
