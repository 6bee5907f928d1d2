// What the package offers, without the functions that start the module.
export {
  defaultLimits,
  parseOrderNumber,
  previewSplit,
  validateDraft,
  verify,
} from "./hongbao_shared.js";
