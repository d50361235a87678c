// The resources under `/v1/admin`. They are for this console alone, so the SDK has no names for
// them.
import { me } from "../../state/account.js";
import type {
  Figures, Finding, Fork, Group, Invite, NewInvite, Peer, Policy, Reopening, Report, ReportDetail,
  Rule, Setting, Status, UserChange, UserPage, VoidLine,
} from "./types.js";

type Params = Record<string, unknown>;
type Request = <T>(method: string, path: string, params?: Params, body?: unknown) => Promise<T>;

const request: Request = (method, path, params, body) => {
  const untyped = me().client.request as unknown as Request;
  return untyped(method, `/v1/admin/${path}`, params ?? {}, body);
};

export const admin = {
  status: () => request<Status>("get", "status"),
  figures: () => request<Figures>("get", "figures"),
  settings: async () => (await request<{ settings: Setting[] }>("get", "settings")).settings,

  users: (prefix: string, after?: string) =>
    request<UserPage>("get", "users", { prefix, after }),
  addUser: (name: string, password: string) =>
    request<{ account: string }>("post", "users", {}, { name, password }),
  changeUser: (name: string, change: UserChange) =>
    request<void>("put", "users/{name}", { name }, change),

  invites: async () => (await request<{ invites: Invite[] }>("get", "invites")).invites,
  addInvite: (uses: number, seconds: number) =>
    request<NewInvite>("post", "invites", {}, { uses, expires_in_seconds: seconds }),
  revokeInvite: (id: string) => request<void>("delete", "invites/{id}", { id }),

  groups: async () => (await request<{ groups: Group[] }>("get", "groups")).groups,
  confirmGroup: (id: string) => request<void>("post", "groups/{id}/confirm", { id }),
  /** Without `sure` nothing is done, and what would be is told. */
  reopenGroup: (id: string, at: [number, number] | null, sure: boolean) =>
    request<Reopening>("post", "groups/{id}/reopen", { id }, { at, sure }),
  voided: async (id: string) =>
    (await request<{ voided: VoidLine[] }>("get", "groups/{id}/voided", { id })).voided,

  reports: async (all: boolean) =>
    (await request<{ reports: Report[] }>("get", "reports", { all })).reports,
  report: (number: number) => request<ReportDetail>("get", "reports/{number}", { number }),
  closeReport: (number: number) => request<void>("delete", "reports/{number}", { number }),

  forks: async () => (await request<{ forks: Fork[] }>("get", "forks")).forks,
  proof: async (id: string) =>
    (await request<{ proof: string }>("get", "forks/{id}", { id })).proof,

  peers: async () => (await request<{ peers: Peer[] }>("get", "peers")).peers,
  /** `false` where it is linked already. */
  retryPeer: async (domain: string) =>
    (await request<{ is_dialled: boolean }>("post", "peers/{domain}/retry", { domain })).is_dialled,
  acceptKey: (domain: string, key: string) =>
    request<void>("put", "peers/{domain}/key", { domain }, { key }),

  policy: () => request<Policy>("get", "policy"),
  setRule: (domain: string, rule: Rule) =>
    request<void>("put", "policy/{domain}", { domain }, rule),
  forgetRule: (domain: string) => request<void>("delete", "policy/{domain}", { domain }),
  share: (domain: string, id: string) =>
    request<void>("put", "policy/{domain}/groups/{id}", { domain, id }),
  unshare: (domain: string, id: string) =>
    request<void>("delete", "policy/{domain}/groups/{id}", { domain, id }),

  examine: async (domain?: string) =>
    (await request<{ findings: Finding[] }>("get", "doctor", { domain })).findings,
};
