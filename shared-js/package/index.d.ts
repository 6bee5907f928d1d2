export {
  defaultLimits,
  parseOrderNumber,
  previewSplit,
  validateDraft,
  verify,
} from "./hongbao_shared.js";
export type {
  CheckedDraft,
  Draft,
  HongbaoError,
  Kind,
  Limits,
  OrderNumber,
  PreviewRequest,
  Report,
} from "./hongbao_shared.js";
