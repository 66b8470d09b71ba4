/** Lines through measurements, by least squares: what a thousand would take is read off them. Pure. */

export type Point = { readonly x: number; readonly y: number };
export type Line = { readonly slope: number; readonly intercept: number };

export const lineThrough = (points: readonly Point[]): Line => {
  const count = points.length;
  const mean = (of: (point: Point) => number): number => points.reduce((sum, one) => sum + of(one), 0) / count;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  const slope = spread === 0 ? 0 : points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
  return { slope, intercept: y - slope * x };
};

export const valueAt = ({ slope, intercept }: Line, x: number): number => intercept + slope * x;
