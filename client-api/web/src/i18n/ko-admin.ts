const ko = {} as Record<string,string>; export default ko;
