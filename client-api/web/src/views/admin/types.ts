// What the node answers under `/v1/admin`, by the API's document.
import type { components } from "comity-sdk";

type Schemas = components["schemas"];

export type Status = Schemas["AdminStatus"];
export type PeerLine = Schemas["AdminPeerCounts"];
export type Stranger = Schemas["AdminStranger"];
export type Figures = Schemas["AdminFigures"];
export type Queue = Schemas["AdminQueue"];
export type Setting = Schemas["AdminSetting"];
export type User = Schemas["AdminUser"];
export type UserPage = Schemas["AdminUsers"];
export type UserChange = Schemas["AdminUserChange"];
export type Invite = Schemas["AdminInvite"];
export type NewInvite = Schemas["AdminMadeInvite"];
export type Group = Schemas["AdminGroup"];
export type VoidLine = Schemas["AdminVoidRecord"];
export type Reopening = Schemas["AdminReopening"];
export type Report = Schemas["AdminReport"];
export type ReportDetail = Schemas["AdminReportDetail"];
export type Peer = Schemas["AdminPeer"];
export type Rule = Schemas["AdminRule"];
export type RuleLine = Schemas["AdminRuleOfDomain"];
export type Asking = Schemas["AdminAsking"];
export type Policy = Schemas["AdminPolicy"];
export type Fork = Schemas["AdminFork"];
export type Finding = Schemas["AdminFinding"];
export type Stance = Rule["stance"];

/** Of a backlog no more records than these are counted. */
export const BACKLOG_COUNTED_MAX = 1_000;
export const INVITE_USES_MAX = 10_000;
export const PASSWORD_MIN = 8;
