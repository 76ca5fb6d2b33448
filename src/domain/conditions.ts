/**
 * OPRA sale conditions as the vendor's numeric ids, and what each lets us conclude from a print.
 * Sources: OPRA last-sale types (letter A..Z = 201..226, a..v = 227..248); groups: rules.md.
 */
const SHORT_CODES: ReadonlyMap<number, string> = new Map([
  [201, 'CANC'],
  [202, 'OSEQ'],
  [203, 'CNCL'],
  [204, 'LATE'],
  [205, 'CNCO'],
  [206, 'OPEN'],
  [207, 'CNOL'],
  [208, 'OPNL'],
  [209, 'AUTO'],
  [210, 'REOP'],
  [211, 'AJST'],
  [212, 'SPRD'],
  [213, 'STDL'],
  [214, 'STPD'],
  [215, 'CSTP'],
  [216, 'BWRT'],
  [217, 'CMBO'],
  [218, 'SPIM'],
  [219, 'ISOI'],
  [220, 'BNMT'],
  [224, 'XMPT'],
  [227, 'SLAN'],
  [228, 'SLAI'],
  [229, 'SLCN'],
  [230, 'SLCI'],
  [231, 'SLFT'],
  [232, 'MLET'],
  [233, 'MLAT'],
  [234, 'MLCT'],
  [235, 'MLFT'],
  [236, 'MESL'],
  [237, 'TLAT'],
  [238, 'MASL'],
  [239, 'MFSL'],
  [240, 'TLET'],
  [241, 'TLCT'],
  [242, 'TLFT'],
  [243, 'TESL'],
  [244, 'TASL'],
  [245, 'TFSL'],
  [246, 'CBMO'],
  [247, 'MCTP'],
  [248, 'EXHT'],
])

/**
 * Condition groups in the order of the policy table: of several conditions the group that stands
 * lowest in the table, the largest number, decides.
 */
export const Group = {
  Regular: 0,
  Iso: 1,
  Auction: 2,
  Floor: 3,
  Cross: 4,
  MultiLeg: 5,
  Late: 6,
  Cancel: 7,
} as const
export type Group = (typeof Group)[keyof typeof Group]

/** OPRA short code of an id (219: `ISOI`), or undefined for an id that the table does not name. */
export function conditionCode(id: number): string | undefined {
  return SHORT_CODES.get(id)
}

/** A condition as the database stores it: the OPRA short code, else the text that came. */
export function conditionText(condition: number | string): string {
  return typeof condition === 'string' ? condition : (SHORT_CODES.get(condition) ?? `${condition}`)
}

const IDS: ReadonlyMap<string, number> = new Map([...SHORT_CODES].map(([id, code]) => [code, id]))

/**
 * The condition behind a stored text: `ISOI` gives 219, `999` the id 999, any other text itself. A
 * feed that sent the text `ISOI` in place of 219 is not told from one that sent the id.
 */
export function conditionOf(text: string): number | string {
  return IDS.get(text) ?? (/^\d{1,9}$/.test(text) ? Number(text) : text)
}

/** Unknown ids, legacy ids and strings are ordinary prints: Regular. */
export function groupOf(condition: number | string): Group {
  switch (condition) {
    case 219:
      return Group.Iso
    case 227:
    case 228:
      return Group.Auction
    case 231:
      return Group.Floor
    case 229:
    case 230:
      return Group.Cross
    case 202:
    case 204:
    case 206:
    case 208:
      return Group.Late
    case 201:
    case 203:
    case 205:
    case 207:
      return Group.Cancel
    default:
      return typeof condition === 'number' && condition >= 232 && condition <= 247
        ? Group.MultiLeg
        : Group.Regular
  }
}

/** What a list of conditions means for one print, worked out once a list. */
export type ConditionPolicy = {
  readonly group: Group
  /** The quote may sign the print; else its side is UNKNOWN. */
  readonly hasSide: boolean
  /** The print may be a leg of a sweep or split. */
  readonly mayBeLeg: boolean
  readonly isIso: boolean
  readonly isCancel: boolean
  /** Set by any condition of the list, not only by the one that decides. */
  readonly isMultiLeg: boolean
  readonly isLate: boolean
  /** The original specification's sweep: the text SWEEP or MLTI among the conditions. */
  readonly isSeedSweep: boolean
  /** How many ids of the list no table names. */
  readonly unknown: number
}

export function policyOf(conditions: readonly (number | string)[]): ConditionPolicy {
  const groups = conditions.map(groupOf)
  const group = groups.reduce<Group>((lowest, g) => (g > lowest ? g : lowest), Group.Regular)
  const texts = conditions.map(conditionText)
  return {
    group,
    hasSide: group <= Group.Floor,
    mayBeLeg: group <= Group.Iso,
    isIso: group === Group.Iso,
    isCancel: group === Group.Cancel,
    isMultiLeg: groups.includes(Group.MultiLeg),
    isLate: groups.includes(Group.Late),
    isSeedSweep: texts.includes('SWEEP') || texts.includes('MLTI'),
    unknown: conditions.filter((c) => typeof c === 'string' || !SHORT_CODES.has(c)).length,
  }
}
